"""Local Postgres and Valkey, and the processes of an instance: find, start, supervise and stop them."""
