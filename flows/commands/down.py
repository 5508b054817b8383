"""`signalengine down`: stop what `up` started."""

import argparse
import os
import sys

from domain.environ import read
from flows.services.home import home_of
from flows.services.settings import ServiceSettings

HELP = "stop everything that `up` started, by recorded and verified pids only"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None: there is one instance per home."""


def run(options: argparse.Namespace) -> int:  # noqa: ARG001  the form of every command
    """Stop it; stopping nothing is fine too."""
    from flows.services.shutdown import stop_recorded

    home = home_of(read(ServiceSettings, "services", os.environ), os.environ)
    stopped = stop_recorded(home)
    home.record("instance").unlink(missing_ok=True)
    sys.stdout.write(f"stopped: {', '.join(stopped)}\n" if stopped else f"nothing runs in {home.directory}\n")
    return 0
