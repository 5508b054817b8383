"""Memory: answers that do not need Postgres, because this process has them."""
