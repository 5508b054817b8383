"""`signalengine down`: stops what `up` started."""

import argparse
import os
import sys

from domain.environ import read
from flows.services.home import home_of
from flows.services.settings import ServiceSettings

HELP = "stop all processes that `up` started; only recorded and verified pids are signalled"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No options: there is one instance per home directory."""


def run(options: argparse.Namespace) -> int:  # noqa: ARG001  signature of every command
    """Stop the instance; exit status 0 also if none is running."""
    from flows.services.shutdown import stop_recorded

    home = home_of(read(ServiceSettings, "services", os.environ), os.environ)
    stopped = stop_recorded(home)
    home.record("instance").unlink(missing_ok=True)
    sys.stdout.write(f"stopped: {', '.join(stopped)}\n" if stopped else f"nothing is running in {home.directory}\n")
    return 0
