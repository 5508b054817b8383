"""`signalengine status`: what runs, and what it has found."""

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

HELP = "show what `up` runs: processes, uptime, CPU, memory, addresses, and what was found"

_NOTHING_RUNS = 3
"""Exit status of `status` by the convention of init scripts."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`--json`."""
    parser.add_argument("--json", action="store_true", help="one JSON object and nothing else")


def run(options: argparse.Namespace) -> int:
    """Print it; exit status 0 if everything is up, 3 if not."""
    from flows.services.engine_counts import engine_counts
    from flows.services.usage import usage

    home = home_of(read(ServiceSettings, "services", os.environ), os.environ)
    processes = usage(home)
    instance = home.instance()
    told = engine_counts(instance) if instance is not None else None
    ready = instance is not None and instance.ready and all(process.alive for process in processes)
    if options.json:
        report = {
            "ready": ready,
            "directory": str(home.directory),
            "instance": instance,
            "processes": processes,
            "found": told,
        }
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    elif not processes:
        sys.stdout.write(f"nothing runs in {home.directory}\n")
    else:
        sys.stdout.write(f"{'process':12}{'pid':>8}{'uptime':>12}{'CPU':>8}{'memory':>12}\n")
        for process in processes:
            sys.stdout.write(_row(process) + "\n")
        if told:
            sys.stdout.write(f"\n{_in_words(told)}\n")
        if instance:
            sys.stdout.write(f"\nAPI {instance.url}, venue {instance.venue}, {'ready' if ready else 'not ready'}\n")
    return 0 if ready else _NOTHING_RUNS


def _row(process: "Usage") -> str:
    if not process.alive:
        return f"{process.name:12}   ended"
    numbers = f"{process.pid:8}{_clock(process.uptime_s or 0):>12}{process.cpu_percent:7}%{process.memory_mb:9} MB"
    return f"{process.name:12}{numbers}"


def _in_words(told: "EngineCounts") -> str:
    signals, whales = (f"{sum(each):,} ({each[0]:,} told)" for each in (told.signals, told.whales))
    return f"found since the engine began: signals {signals}, whales {whales}, opportunities {told.opportunities:,}"


def _clock(seconds: float) -> str:
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}"
