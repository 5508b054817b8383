"""What is measured, one feature per file."""
