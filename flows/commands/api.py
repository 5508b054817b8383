"""`signalengine api`: the API alone."""

import argparse
import os
import sys

HELP = "serve REST, WebSocket and metrics"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None: the API reads the section `api` of the settings."""


def run(options: argparse.Namespace) -> int:  # noqa: ARG001  the form of every command
    """Become `python -m api`, which shares nothing with the engine; never returns."""
    from flows.services.discovery import with_addresses

    os.execve(sys.executable, [sys.executable, "-m", "api"], with_addresses(os.environ))  # noqa: S606  no shell is the point
