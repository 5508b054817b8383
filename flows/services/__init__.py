"""Postgres and Valkey for a laptop: found, started, supervised and stopped."""
