"""`signalengine collect VENUE`: writes the market data of a venue to the log."""

import argparse
import os
import signal
import time
from threading import Event
from types import FrameType

HELP = "write a venue's market data to the log until stopped"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The venue."""
    parser.add_argument("venue", metavar="VENUE", choices=["sim"], help="sim: a simulated market")


def run(options: argparse.Namespace) -> int:  # noqa: ARG001  there is only one venue so far
    """Collect until SIGTERM or SIGINT; return the exit status."""
    from domain.environ import read
    from flows.prediction_settings import PredictionSettings
    from flows.services import discovery
    from flows.sources.sim_feed import SimFeed
    from flows.sources.sim_prediction_settings import SimPredictionSettings
    from flows.sources.sim_settings import SimSettings
    from store.redis_server import connect

    settings = read(SimSettings, "sim", os.environ).checked()
    prediction = read(SimPredictionSettings, "simulated_markets", os.environ).checked()
    enabled = read(PredictionSettings, "prediction", os.environ).checked().enabled
    url = discovery.redis_url(os.environ)
    stopping = Event()

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  signature of a signal handler
        stopping.set()

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, stop)
    with connect(url) as client:
        SimFeed(client, settings, time.time_ns, stopping, prediction=prediction if enabled else None).run()
    return 0
