"""Memory: recent rows and finished responses held by this process, so that most requests need no query."""
