"""Endpoints: what can be asked for, a noun a file."""
