"""`signalengine api`: runs the API."""

import argparse
import os
import sys

HELP = "serve REST, WebSocket and metrics"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No options: settings come from the section `api`."""


def run(options: argparse.Namespace) -> int:  # noqa: ARG001  signature of every command
    """Replace this process with `python -m api`, which imports nothing of the engine; never returns."""
    from flows.services.discovery import with_addresses

    os.execve(sys.executable, [sys.executable, "-m", "api"], with_addresses(os.environ))  # noqa: S606  no shell is intended
