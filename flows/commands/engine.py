"""`signalengine engine`: runs the live dataflow, from the Redis log to Postgres and the feed."""

import argparse
import os

HELP = "run the live dataflow on DATABASE_URL and REDIS_URL"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No options: settings come from the environment and signalengine.toml."""


def run(options: argparse.Namespace) -> int:  # noqa: ARG001  signature of every command
    """Run until SIGTERM."""
    from flows import engine

    return engine.run(os.environ)
