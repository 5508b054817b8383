"""`signalengine backtest PATH…`: recorded markets through the engine, and what may be said of the result."""

import argparse
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flows.backtesting.backtest import Backtest

HELP = "run recorded markets through the engine and judge the result, every attempt counted"
LEDGER = "trials.jsonl"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="trades or OHLCV, as for replay")
    parser.add_argument("--out", metavar="DIR", help="write report.json and report.html there")
    parser.add_argument("--json", action="store_true", help="print the report as one JSON object instead of text")
    parser.add_argument("--name", default="backtest", help="what to call it in the report and in the ledger of trials")
    parser.add_argument("--instrument", metavar="VENUE:SYMBOL", help="what the file is about, where it does not say")
    parser.add_argument(
        "--map", action="append", default=[], metavar="NAME=COLUMN", dest="mapping", help="where to find a column"
    )
    parser.add_argument("--frame", metavar="LENGTH", help="length of the bars in an OHLCV file (default: as seen)")
    parser.add_argument("--timeframes", metavar="LIST", help="frames to make, such as 1m,5m,1h (default: the settings)")
    parser.add_argument("--primary", metavar="LENGTH", help="frame to decide on (default: the settings)")
    parser.add_argument(
        "--reject-limit", type=float, default=1.0, metavar="PERCENT", help="stop when more is rejected (default 1)"
    )
    parser.add_argument("--fee-bps", type=float, metavar="BPS", help="fee of each side (default: the settings)")
    parser.add_argument("--slippage-bps", type=float, metavar="BPS", help="slippage of each side, likewise")
    parser.add_argument("--equity", type=float, metavar="MONEY", help="what the account begins with, likewise")
    parser.add_argument("--risk-fraction", type=float, metavar="SHARE", help="of the equity that a trade may lose")
    parser.add_argument(
        "--no-gate", action="store_true", help="trade all signals, at one size: judges the strategies, not score"
    )
    parser.add_argument("--warmup", type=float, default=20.0, metavar="PERCENT", help="of the time, run but not judged")
    parser.add_argument("--folds", type=int, default=5, metavar="N", help="parts of the judged time to compare")
    parser.add_argument("--trials", metavar="PATH", help="another ledger of trials than the one in the home directory")


def run(options: argparse.Namespace) -> int:
    """Run, judge and tell."""
    from datetime import UTC, datetime
    from pathlib import Path

    import msgspec

    from flows.backtesting import page, text
    from flows.backtesting.backtest import backtest
    from flows.replay import cannot_write

    asked = _asked(options)
    out = Path(options.out) if options.out else None
    if out is not None:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise cannot_write(out, problem) from None
    report = backtest(asked, now=datetime.now(UTC))
    if report.trials.unshared is not None:
        sys.stderr.write(f"signalengine: this attempt is counted in its file only: {report.trials.unshared}\n")
    if out is not None:
        try:
            (out / "report.json").write_bytes(msgspec.json.encode(report))
            (out / "report.html").write_text(page.page(report), encoding="utf-8")
        except OSError as problem:
            raise cannot_write(out, problem) from None
    sys.stdout.write(msgspec.json.encode(report).decode() + "\n" if options.json else text.text(report))
    return 0


def _asked(options: argparse.Namespace) -> "Backtest":
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
    usual = home_of(read(ServiceSettings, "services", environ), environ).directory / LEDGER
    ledger = Path(options.trials).expanduser().absolute() if options.trials else usual
    plan = Plan(
        paths=options.paths,
        mapping=parse_mapping(options.mapping),
        instrument=options.instrument,
        frame=options.frame,
        rejected_share_max=options.reject_limit / 100.0,
        settings=msgspec.structs.replace(EngineSettings.from_environ(environ), **_given(engine)).checked(),
        intelligence=msgspec.structs.replace(
            intelligence,
            score=msgspec.structs.replace(intelligence.score, **_given(score)),
            paper=msgspec.structs.replace(intelligence.paper, **_given(paper)).checked(),
        ),
    )
    return Backtest(
        plan=plan,
        name=options.name,
        folds=options.folds,
        warmup_share=options.warmup / 100.0,
        ledger=str(ledger),
        usual=ledger == usual,
        database_url=_database_url(environ),
    ).checked()


def _database_url(environ: Mapping[str, str]) -> str | None:
    """The database if there is one: to backtest, nobody needs it."""
    from domain.errors import ServiceError
    from flows.services import discovery

    try:
        return discovery.database_url(environ)
    except ServiceError:
        return None


def _given(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}
