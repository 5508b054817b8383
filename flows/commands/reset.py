"""`signalengine reset`: deletes all data of the instance, so that the next `up` starts empty."""

import argparse
import os
import sys

from domain.environ import read
from domain.errors import SettingError
from flows.services.home import home_of
from flows.services.settings import ServiceSettings

HELP = "stop the instance and delete the data of the embedded Postgres and Valkey and of the engine"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`--yes`."""
    parser.add_argument("--yes", action="store_true", help="do not ask for confirmation")


def run(options: argparse.Namespace) -> int:
    """Confirm, stop and delete. Data behind DATABASE_URL or REDIS_URL is not deleted."""
    from flows.services.shutdown import stop_recorded

    home = home_of(read(ServiceSettings, "services", os.environ), os.environ)
    if not home.directory.exists():
        sys.stdout.write(f"nothing to delete: {home.directory} does not exist\n")
        return 0
    if not options.yes and not _confirmed(f"Delete all data in {home.directory}? [y/N] "):
        sys.stdout.write("nothing was deleted\n")
        return 1
    stop_recorded(home)
    with home.locked() as acquired:
        if not acquired:
            raise SettingError(f"another 'signalengine up' is starting in {home.directory}; stop it first")
        home.clear()
    sys.stdout.write(f"deleted the data in {home.directory}\n")
    return 0


def _confirmed(question: str) -> bool:
    if not sys.stdin.isatty():
        raise SettingError("'reset' deletes data and there is no terminal to confirm it; add --yes")
    return input(question).strip().lower() in ("y", "yes")
