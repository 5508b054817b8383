"""`signalengine backtest PATH…`: runs recorded markets through the engine and evaluates the result statistically."""

import argparse
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flows.backtesting.backtest import Backtest

HELP = "run recorded markets through the engine and evaluate the result; every attempt is counted"
LEDGER = "trials.jsonl"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="trades or OHLCV, as for replay")
    parser.add_argument("--out", metavar="DIR", help="write report.json and report.html there")
    parser.add_argument("--json", action="store_true", help="print the report as one JSON object instead of text")
    parser.add_argument("--name", default="backtest", help="name of the backtest in the report and in the trial ledger")
    parser.add_argument("--instrument", metavar="VENUE:SYMBOL", help="instrument of the file, if it does not name one")
    parser.add_argument(
        "--map", action="append", default=[], metavar="NAME=COLUMN", dest="mapping", help="column that holds NAME"
    )
    parser.add_argument("--frame", metavar="LENGTH", help="length of the bars in an OHLCV file (default: detected)")
    parser.add_argument(
        "--timeframes", metavar="LIST", help="timeframes to build, such as 1m,5m,1h (default: the settings)"
    )
    parser.add_argument("--primary", metavar="LENGTH", help="timeframe of decisions (default: the settings)")
    parser.add_argument(
        "--reject-limit",
        type=float,
        default=1.0,
        metavar="PERCENT",
        help="stop if more of the input is rejected (default 1)",
    )
    parser.add_argument("--fee-bps", type=float, metavar="BPS", help="fee of each side (default: the settings)")
    parser.add_argument(
        "--slippage-bps", type=float, metavar="BPS", help="slippage of each side (default: the settings)"
    )
    parser.add_argument(
        "--equity", type=float, metavar="MONEY", help="initial equity of the account (default: the settings)"
    )
    parser.add_argument("--risk-fraction", type=float, metavar="SHARE", help="share of the equity at risk in a trade")
    parser.add_argument(
        "--no-gate",
        action="store_true",
        help="trade all signals at the same size: evaluates the strategies without the score",
    )
    parser.add_argument(
        "--warmup",
        type=float,
        default=20.0,
        metavar="PERCENT",
        help="share of the period that is run but not evaluated (default 20)",
    )
    parser.add_argument(
        "--folds",
        type=int,
        default=5,
        metavar="N",
        help="number of parts into which the evaluated period is divided (default 5)",
    )
    parser.add_argument("--trials", metavar="PATH", help="trial ledger (default: the one in the home directory)")


def run(options: argparse.Namespace) -> int:
    """Run the backtest and print the report."""
    from datetime import UTC, datetime
    from pathlib import Path

    import msgspec

    from flows.backtesting import page, text
    from flows.backtesting.backtest import backtest
    from flows.replay import cannot_write

    configuration = _configuration(options)
    out = Path(options.out) if options.out else None
    if out is not None:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise cannot_write(out, problem) from None
    report = backtest(configuration, now=datetime.now(UTC))
    if report.trials.unshared is not None:
        sys.stderr.write(f"signalengine: this attempt is counted in the trial ledger only: {report.trials.unshared}\n")
    if out is not None:
        try:
            (out / "report.json").write_bytes(msgspec.json.encode(report))
            (out / "report.html").write_text(page.page(report), encoding="utf-8")
        except OSError as problem:
            raise cannot_write(out, problem) from None
    sys.stdout.write(msgspec.json.encode(report).decode() + "\n" if options.json else text.text(report))
    return 0


def _configuration(options: argparse.Namespace) -> "Backtest":
    from pathlib import Path

    import msgspec

    from domain.environ import read
    from flows.backtesting.backtest import Backtest
    from flows.intelligence import Intelligence
    from flows.replay import Plan
    from flows.services.home import home_of
    from flows.services.settings import ServiceSettings
    from flows.settings import EngineSettings
    from flows.sources.columns import parse_mapping

    environ = dict(os.environ)
    engine = {
        "timeframes": tuple(options.timeframes.split(",")) if options.timeframes else None,
        "primary_timeframe": options.primary,
        "fee_bps": options.fee_bps,
        "slippage_bps": options.slippage_bps,
    }
    paper = {
        "equity": options.equity,
        "risk_fraction": options.risk_fraction,
        "kelly_fraction": 0.0 if options.no_gate else None,
    }
    score = {"gate": False if options.no_gate else None}
    intelligence = Intelligence.from_environ(environ)
    default_ledger = home_of(read(ServiceSettings, "services", environ), environ).directory / LEDGER
    ledger = Path(options.trials).expanduser().absolute() if options.trials else default_ledger
    plan = Plan(
        paths=options.paths,
        mapping=parse_mapping(options.mapping),
        instrument=options.instrument,
        frame=options.frame,
        rejected_share_max=options.reject_limit / 100.0,
        settings=msgspec.structs.replace(EngineSettings.from_environ(environ), **_without_none(engine)).checked(),
        intelligence=msgspec.structs.replace(
            intelligence,
            score=msgspec.structs.replace(intelligence.score, **_without_none(score)),
            paper=msgspec.structs.replace(intelligence.paper, **_without_none(paper)).checked(),
        ),
    )
    return Backtest(
        plan=plan,
        name=options.name,
        folds=options.folds,
        warmup_share=options.warmup / 100.0,
        ledger=str(ledger),
        usual=ledger == default_ledger,
        database_url=_database_url(environ),
    ).checked()


def _database_url(environ: Mapping[str, str]) -> str | None:
    """The address of the database; None without one, since a backtest does not need it."""
    from domain.errors import ServiceError
    from flows.services import discovery

    try:
        return discovery.database_url(environ)
    except ServiceError:
        return None


def _without_none(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}
