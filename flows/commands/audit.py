"""`signalengine audit lookahead|recursion PATH…`: checks for look-ahead bias and warm-up errors on the user's data."""

import argparse
import math
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flows.audit import Dependence

HELP = "check on your data for look-ahead bias, or how much history each feature needs"
ERROR_MAX = 1e-3
"""Largest relative error of a warm feature; a larger one means that its declared warm-up is too short."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("what", choices=("lookahead", "recursion"), help="what to audit")
    parser.add_argument("paths", nargs="+", metavar="PATH", help="trades or OHLCV, as for replay")
    parser.add_argument("--instrument", metavar="VENUE:SYMBOL", help="instrument of the file, if it does not name one")
    parser.add_argument(
        "--map", action="append", default=[], metavar="NAME=COLUMN", dest="mapping", help="column that holds NAME"
    )
    parser.add_argument(
        "--timeframes", metavar="LIST", help="timeframes to build, such as 1m,5m,1h (default: the settings)"
    )
    parser.add_argument("--primary", metavar="LENGTH", help="timeframe of decisions (default: the settings)")
    parser.add_argument(
        "--cuts", type=int, default=16, metavar="N", help="number of positions at which the data is cut (default 16)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")


def run(options: argparse.Namespace) -> int:
    """Run the audit; exit status 1 if it found a fault."""
    import msgspec

    from domain.clock import iso
    from domain.errors import SettingError
    from flows import audit
    from flows.settings import EngineSettings
    from flows.sources.columns import parse_mapping
    from flows.sources.files import files

    if options.cuts < 1:
        raise SettingError(f"--cuts {options.cuts} must be at least 1")
    settings = EngineSettings.from_environ(dict(os.environ))
    if options.timeframes:
        settings = msgspec.structs.replace(settings, timeframes=tuple(options.timeframes.split(",")))
    if options.primary:
        settings = msgspec.structs.replace(settings, primary_timeframe=options.primary)
    opened = files(options.paths, instrument=options.instrument, mapping=parse_mapping(options.mapping))
    if options.what == "recursion":
        return _print_recursion(audit.recursion(opened, settings.checked()), as_json=options.json)
    report = audit.lookahead(opened, settings.checked(), cuts=options.cuts)
    if options.json:
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    else:
        sys.stdout.write(
            f"{report.features} features, {report.detectors} detectors, {report.strategies} strategies over "
            f"{report.bars:,} bars, cut at {report.cuts} places\n"
        )
        for violation in report.violations:
            sys.stdout.write(
                f"  {violation.idea} uses future data: {violation.instrument} {iso(violation.at_ns)}, "
                f"shown by {violation.proof}\n"
            )
        if not report.violations:
            sys.stdout.write("no look-ahead bias found: no result changed when later data changed\n")
    return 1 if report.violations else 0


def _print_recursion(rows: "list[Dependence]", *, as_json: bool) -> int:
    import msgspec

    wrong = [row for row in rows if row.history >= row.warmup and row.off > ERROR_MAX]
    if as_json:
        sys.stdout.write(msgspec.json.encode([row._asdict() for row in rows]).decode() + "\n")
        return 1 if wrong else 0
    sys.stdout.write(f"{'feature':24}{'frame':>7}{'warm-up':>9}{'history':>9}{'error':>12}\n")
    for row in rows:
        error = "no value" if math.isnan(row.off) else f"{row.off:.4%}"
        mark = "  over 0.1 % although declared warm" if row in wrong else ""
        sys.stdout.write(f"{row.feature:24}{row.frame:>7}{row.warmup:9,}{row.history:9,}{error:>12}{mark}\n")
    return 1 if wrong else 0
