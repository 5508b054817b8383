"""Numbered SQL, applied in order and never edited once merged."""
