"""Outputs of the dataflow: Postgres, Redis, Parquet, Prometheus and run summaries."""
