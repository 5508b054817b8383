"""Where conclusions go."""
