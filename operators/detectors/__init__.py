"""What is noticed, one detector per file."""
