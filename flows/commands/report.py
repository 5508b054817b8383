"""`signalengine report FILE`: renders the report of a backtest from its JSON file."""

import argparse
import sys

HELP = "render the report of a backtest from its report.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("path", metavar="FILE", help="report.json of a backtest")
    parser.add_argument("--out", metavar="FILE", help="HTML file to write (default: text to standard output)")


def run(options: argparse.Namespace) -> int:
    """Read the JSON file and render it."""
    from pathlib import Path

    import msgspec

    from domain.errors import InputError
    from flows.backtesting import page, text
    from flows.backtesting.report import SCHEMA_VERSION, Report
    from flows.replay import cannot_write

    path = Path(options.path)
    try:
        report = msgspec.json.decode(path.read_bytes(), type=Report)
    except OSError as problem:
        raise InputError(f"report {options.path!r} cannot be read: {problem.strerror}; give a report.json") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise InputError(
            f"report {options.path!r} is not a report of a backtest: {problem}; give a report.json"
        ) from None
    if report.form != SCHEMA_VERSION:
        raise InputError(
            f"report {options.path!r} has format {report.form} instead of {SCHEMA_VERSION}; run the backtest again"
        )
    if options.out is None:
        sys.stdout.write(text.text(report))
        return 0
    try:
        Path(options.out).write_text(page.page(report), encoding="utf-8")
    except OSError as problem:
        raise cannot_write(Path(options.out), problem) from None
    return 0
