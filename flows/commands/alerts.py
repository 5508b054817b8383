"""`signalengine alerts`: delivers messages of the feed to webhooks and chats."""

import argparse
import logging
import os
import signal
import sys
import time
from random import Random
from threading import Event
from types import FrameType

HELP = "deliver signals and alerts to webhooks and chats until stopped"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`--status`."""
    parser.add_argument(
        "--status", action="store_true", help="print the number of deliveries by hook and status, and exit"
    )


def run(options: argparse.Namespace) -> int:
    """Run until SIGTERM or SIGINT; return the exit status."""
    from domain.errors import SettingError
    from flows.alerts.service import Service
    from flows.alerts.settings import target_of
    from flows.services import discovery
    from flows.services.sections import section

    if options.status:
        return _status(discovery.database_url(os.environ))
    settings = section("alerts", os.environ)
    if not settings.hooks:
        raise SettingError("[alerts] has no hooks, so nothing would be delivered; add [[alerts.hooks]]")
    targets = {hook.name: target_of(hook, os.environ) for hook in settings.hooks}
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    stopping = Event()

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  signature of a signal handler
        stopping.set()

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, stop)
    service = Service(
        settings,
        targets,
        now_ns=time.time_ns,
        steady_s=time.monotonic,
        random=Random(),  # noqa: S311  jitter, nothing secret
        stopping=stopping,
    )
    service.run(discovery.database_url(os.environ), discovery.redis_url(os.environ))
    return 0


def _status(url: str) -> int:
    from domain.clock import from_datetime, iso
    from store import webhooks
    from store.postgres import connect

    with connect(url) as connection:
        counts = webhooks.counts(connection)
    for count in counts:
        oldest = iso(from_datetime(count.oldest_at))
        sys.stdout.write(f"{count.hook:24}{count.status:12}{count.deliveries:9,}   oldest {oldest}\n")
    if not counts:
        sys.stdout.write("no deliveries\n")
    return 0
