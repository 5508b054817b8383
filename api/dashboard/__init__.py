"""Dashboard: a live web page, its scripts and its style sheet."""
