"""Decoders of the messages and REST responses of venues."""
