"""Feed: from the streams in Redis to all who follow them, with an account of what each missed."""
