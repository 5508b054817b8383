"""`signalengine migrate`: updates the database schema to this version."""

import argparse
import os
import sys

HELP = "apply pending database migrations"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`--check`."""
    parser.add_argument(
        "--check", action="store_true", help="only list pending migrations; exit status 1 if there are any"
    )


def run(options: argparse.Namespace) -> int:
    """Apply or list migrations. Several processes may run at once: one applies, the others wait."""
    from flows.services.discovery import database_url
    from store.migrate import migrate, pending

    url = database_url(os.environ)
    versions = pending(url) if options.check else migrate(url)
    for version in versions:
        sys.stdout.write(f"{'missing' if options.check else 'applied'} {version}\n")
    if not versions:
        sys.stdout.write("the database is up to date\n")
    return 1 if options.check and versions else 0
