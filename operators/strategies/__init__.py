"""What is proposed, one strategy per file."""
