"""Where the log comes from."""
