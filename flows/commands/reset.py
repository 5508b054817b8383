"""`signalengine reset`: delete our own data, so that the next `up` begins anew."""

import argparse
import os
import sys

from domain.environ import read
from domain.errors import SettingError
from flows.services.home import home_of
from flows.services.settings import ServiceSettings

HELP = "stop everything and delete the data of our own Postgres, Valkey and engine"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`--yes`."""
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(options: argparse.Namespace) -> int:
    """Ask, stop, delete. What a given DATABASE_URL or REDIS_URL holds is not ours and stays."""
    from flows.services.shutdown import stop_recorded

    home = home_of(read(ServiceSettings, "services", os.environ), os.environ)
    if not home.directory.exists():
        sys.stdout.write(f"nothing to delete: {home.directory} does not exist\n")
        return 0
    if not options.yes and not _agreed(f"Delete all data in {home.directory}? [y/N] "):
        sys.stdout.write("nothing was deleted\n")
        return 1
    stop_recorded(home)
    with home.locked() as mine:
        if not mine:
            raise SettingError(f"another 'signalengine up' is starting in {home.directory}; stop it first")
        home.clear()
    sys.stdout.write(f"deleted the data in {home.directory}\n")
    return 0


def _agreed(question: str) -> bool:
    if not sys.stdin.isatty():
        raise SettingError("'reset' deletes data and there is no terminal to ask at; add --yes")
    return input(question).strip().lower() in ("y", "yes")
