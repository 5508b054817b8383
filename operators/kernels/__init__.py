"""Shared arithmetic: arrays in, arrays out."""
