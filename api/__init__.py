"""The window: reads the store and serves it."""
