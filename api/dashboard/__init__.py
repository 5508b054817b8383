"""Dashboard: one live page for people, and the script and style that it brings."""
