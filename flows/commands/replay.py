"""`signalengine replay PATH…`: runs recorded files through the dataflow, to Parquet and a summary."""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

HELP = "run recorded trades, bars or prediction markets through the engine, to Parquet and a summary"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="recordings, API responses of prediction markets, or trades or OHLCV as Parquet, Feather or CSV",
    )
    parser.add_argument(
        "--out", metavar="DIR", help="write bars/ features/ events/ signals/ composites/ executions/ … as Parquet"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="number of processes (default 1)")
    parser.add_argument("--instrument", metavar="VENUE:SYMBOL", help="instrument of the file, if it does not name one")
    parser.add_argument(
        "--map", action="append", default=[], metavar="NAME=COLUMN", dest="mapping", help="column that holds NAME"
    )
    parser.add_argument("--frame", metavar="LENGTH", help="length of the bars in an OHLCV file (default: detected)")
    parser.add_argument(
        "--timeframes", metavar="LIST", help="timeframes to build, such as 1m,5m,1h (default: the settings)"
    )
    parser.add_argument("--primary", metavar="LENGTH", help="timeframe of decisions (default: the settings)")
    parser.add_argument("--pairs", metavar="FILE", help="TOML file of reviewed pairs of markets across venues")
    parser.add_argument("--end", metavar="TIME", help="end of the recording, at which the last bars are closed")
    parser.add_argument(
        "--reject-limit",
        type=float,
        default=1.0,
        metavar="PERCENT",
        help="stop if more of the input is rejected (default 1)",
    )
    parser.add_argument(
        "--postgres", action="store_true", help="write to DATABASE_URL and REDIS_URL as the engine does"
    )


def run(options: argparse.Namespace) -> int:
    """Replay and print the summary."""
    import msgspec

    from domain.clock import parse_iso
    from domain.environ import read
    from domain.errors import SettingError
    from flows.intelligence import Intelligence
    from flows.prediction import FindingSettings
    from flows.prediction_settings import PredictionSettings
    from flows.replay import Plan, replay
    from flows.replay_text import text
    from flows.services import discovery
    from flows.settings import EngineSettings
    from flows.sources.columns import parse_mapping

    if options.workers < 1:
        raise SettingError(f"--workers {options.workers} must be at least 1")
    settings = EngineSettings.from_environ(dict(os.environ))
    market_settings = read(PredictionSettings, "prediction", os.environ).checked().engine
    overrides: dict[str, Any] = {"timeframes": tuple(options.timeframes.split(","))} if options.timeframes else {}
    overrides |= {"primary_timeframe": options.primary} if options.primary else {}
    settings, market_settings = (msgspec.structs.replace(each, **overrides) for each in (settings, market_settings))
    try:
        end_ns = parse_iso(options.end) if options.end else None
    except ValueError:
        raise SettingError(f"--end {options.end!r} is not a time; write for example 2024-08-09T00:00:00Z") from None
    urls: dict[str, Any] = {"database_url": None, "redis_url": None}
    if options.postgres:
        urls = {
            "database_url": discovery.database_url(os.environ),
            "redis_url": discovery.redis_url(os.environ),
        }
    plan = Plan(
        paths=[str(Path(path)) for path in options.paths],
        mapping=parse_mapping(options.mapping),
        instrument=options.instrument,
        frame=options.frame,
        end_ns=end_ns,
        rejected_share_max=options.reject_limit / 100.0,
        settings=settings.checked(),
        intelligence=Intelligence.from_environ(os.environ),
        pairs=options.pairs,
        market_settings=market_settings.checked(),
        finding_settings=FindingSettings.from_environ(os.environ),
        out=options.out,
        workers=options.workers,
        **urls,
    )
    summary = replay(plan)
    if options.json:
        sys.stdout.write(msgspec.json.encode(summary).decode() + "\n")
    else:
        sys.stdout.write(text(summary))
    return 0
