"""What venues say, decoded."""
