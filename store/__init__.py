"""Storage: the only package that uses SQL and Redis."""
