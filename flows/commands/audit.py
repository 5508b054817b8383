"""`signalengine audit lookahead|recursion PATH…`: proofs on the user's own data."""

import argparse
import math
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flows.audit import Dependence

HELP = "prove on your data that no idea sees the future, or how much each needs of the past"
OFF_MAX = 1e-3
"""A value that is off by more than this where its feature calls itself warm is a wrong warm-up."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("what", choices=("lookahead", "recursion"), help="what to audit")
    parser.add_argument("paths", nargs="+", metavar="PATH", help="trades or OHLCV, as for replay")
    parser.add_argument("--instrument", metavar="VENUE:SYMBOL", help="what the file is about, where it does not say")
    parser.add_argument(
        "--map", action="append", default=[], metavar="NAME=COLUMN", dest="mapping", help="where to find a column"
    )
    parser.add_argument("--timeframes", metavar="LIST", help="frames to make, such as 1m,5m,1h (default: the settings)")
    parser.add_argument("--primary", metavar="LENGTH", help="frame to decide on (default: the settings)")
    parser.add_argument(
        "--cuts", type=int, default=16, metavar="N", help="places at which to cut the data (default 16)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")


def run(options: argparse.Namespace) -> int:
    """Audit; status 1 if something was found."""
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
        return _tell_recursion(audit.recursion(opened, settings.checked()), as_json=options.json)
    report = audit.lookahead(opened, settings.checked(), cuts=options.cuts)
    if options.json:
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    else:
        sys.stdout.write(
            f"{report.features} features, {report.detectors} detectors, {report.strategies} strategies over "
            f"{report.bars:,} bars, cut at {report.cuts} places\n"
        )
        for guilty in report.guilty:
            sys.stdout.write(
                f"  {guilty.idea} sees the future: {guilty.instrument} {iso(guilty.at_ns)}, by {guilty.proof}\n"
            )
        if not report.guilty:
            sys.stdout.write("nothing that was concluded changed when its future did\n")
    return 1 if report.guilty else 0


def _tell_recursion(told: "list[Dependence]", *, as_json: bool) -> int:
    import msgspec

    wrong = [row for row in told if row.history >= row.warmup and row.off > OFF_MAX]
    if as_json:
        sys.stdout.write(msgspec.json.encode([row._asdict() for row in told]).decode() + "\n")
        return 1 if wrong else 0
    sys.stdout.write(f"{'feature':24}{'frame':>7}{'warm-up':>9}{'history':>9}{'off':>12}\n")
    for row in told:
        off = "no value" if math.isnan(row.off) else f"{row.off:.4%}"
        mark = "  beyond 0.1 % where it calls itself warm" if row in wrong else ""
        sys.stdout.write(f"{row.feature:24}{row.frame:>7}{row.warmup:9,}{row.history:9,}{off:>12}{mark}\n")
    return 1 if wrong else 0
