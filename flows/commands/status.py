"""`signalengine status`: shows the processes of `up`, and counts of what the engine found."""

import argparse
import os
import sys
from typing import TYPE_CHECKING

import msgspec

from domain.environ import read
from flows.services.home import home_of
from flows.services.settings import ServiceSettings

if TYPE_CHECKING:
    from flows.services.engine_counts import EngineCounts
    from flows.services.usage import Usage

HELP = "show the processes of `up`: uptime, CPU, memory, addresses, and counts of what the engine found"

_NOT_RUNNING = 3
"""Exit status of `status` by the convention of init scripts."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`--json`."""
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")


def run(options: argparse.Namespace) -> int:
    """Print the status; exit status 0 if all processes are running and ready, else 3."""
    from flows.services.engine_counts import engine_counts
    from flows.services.usage import usage

    home = home_of(read(ServiceSettings, "services", os.environ), os.environ)
    processes = usage(home)
    instance = home.instance()
    counts = engine_counts(instance) if instance is not None else None
    ready = instance is not None and instance.ready and all(process.alive for process in processes)
    if options.json:
        report = {
            "ready": ready,
            "directory": str(home.directory),
            "instance": instance,
            "processes": processes,
            "found": counts,
        }
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    elif not processes:
        sys.stdout.write(f"nothing is running in {home.directory}\n")
    else:
        sys.stdout.write(f"{'process':12}{'pid':>8}{'uptime':>12}{'CPU':>8}{'memory':>12}\n")
        for process in processes:
            sys.stdout.write(_row(process) + "\n")
        if counts:
            sys.stdout.write(f"\n{_counts_line(counts)}\n")
        if instance:
            sys.stdout.write(f"\nAPI {instance.url}, venue {instance.venue}, {'ready' if ready else 'not ready'}\n")
    return 0 if ready else _NOT_RUNNING


def _row(process: "Usage") -> str:
    if not process.alive:
        return f"{process.name:12}   exited"
    numbers = f"{process.pid:8}{_clock(process.uptime_s or 0):>12}{process.cpu_percent:7}%{process.memory_mb:9} MB"
    return f"{process.name:12}{numbers}"


def _counts_line(counts: "EngineCounts") -> str:
    signals, whales = (f"{sum(each):,} ({each[0]:,} emitted)" for each in (counts.signals, counts.whales))
    return f"found since the engine started: signals {signals}, whales {whales}, opportunities {counts.opportunities:,}"


def _clock(seconds: float) -> str:
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}"
