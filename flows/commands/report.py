"""`signalengine report FILE`: the page of a backtest, made again from its JSON."""

import argparse
import sys

HELP = "make the page of a backtest again from its report.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("path", metavar="FILE", help="report.json of a backtest")
    parser.add_argument("--out", metavar="FILE", help="write the page there (default: text on the terminal)")


def run(options: argparse.Namespace) -> int:
    """Read the JSON and show it."""
    from pathlib import Path

    import msgspec

    from domain.errors import InputError
    from flows.backtesting import page, text
    from flows.backtesting.report import FORM, Report
    from flows.replay import cannot_write

    path = Path(options.path)
    try:
        report = msgspec.json.decode(path.read_bytes(), type=Report)
    except OSError as problem:
        raise InputError(f"report {options.path!r} cannot be read: {problem.strerror}; name a report.json") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise InputError(f"report {options.path!r} is not one of a backtest: {problem}; name a report.json") from None
    if report.form != FORM:
        raise InputError(f"report {options.path!r} is of form {report.form}, not {FORM}; run the backtest again")
    if options.out is None:
        sys.stdout.write(text.text(report))
        return 0
    try:
        Path(options.out).write_text(page.page(report), encoding="utf-8")
    except OSError as problem:
        raise cannot_write(Path(options.out), problem) from None
    return 0
