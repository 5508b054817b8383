"""Replays of recorded prediction markets: known counts, emitted and suppressed findings, and one digest."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from domain.errors import InputError
from flows.__main__ import main
from flows.replay import Plan, Summary, replay
from flows.replay_markets import MarketSummary
from flows.replay_text import text
from flows.settings import EngineSettings
from tests.operators.test_recorded_ladder import TEN
from tests.operators.test_recorded_whales import COOLING, DEAR, SMALL, TOLD, UNKNOWN
from tests.recordings import recording

TRADES, WINDOWS = "polymarket/realtime_whale_trades.json.gz", "polymarket/ladder.jsonl.gz"
END_NS = 1_766_251_500_000_000_000
END = "2025-12-20T17:25:00Z"
"""Some minutes after the last recorded trade: so long episodes are followed."""
SLOW = EngineSettings(timeframes=("15m", "1h"), primary_timeframe="15m")


def plan(*names: str, **options: Any) -> Plan:
    return Plan(paths=[str(recording(name)) for name in names], **options)


def markets(summary: Summary) -> MarketSummary:
    assert summary.prediction is not None
    return summary.prediction


def read(folder: Path, kind: str) -> pl.DataFrame:
    return pl.read_parquet(folder / kind / "*.parquet")


def concluded(summary: Summary) -> tuple[Any, ...]:
    """The results, without counts of the input."""
    found = msgspec.structs.replace(markets(summary), messages=0, repeated=0)
    return summary.digest, summary.trades, summary.bars, found


def test_recorded_trades_have_62_headlines_and_45_duplicates(tmp_path: Path) -> None:
    summary = replay(plan(TRADES, end_ns=END_NS, out=str(tmp_path)))
    found = markets(summary)
    assert (found.messages, summary.trades, summary.duplicates, summary.rejects) == (9_824, 9_777, 45, 2)
    assert found.rejected == {"trade: market is missing": 2}
    assert (found.trades["headlines"], found.trades["accepted"], found.trades["duplicates"]) == (62, 9_777, 0)
    assert found.whales == {"told": 15, "told_again": 0, "suppressed": 397, "consensus": 0, "disagreement": 0}
    assert found.suppressed == {
        f"{SMALL}; {DEAR}; {UNKNOWN}": 179, UNKNOWN: 121, f"{SMALL}; {UNKNOWN}": 96, COOLING: 1
    }  # fmt: skip
    told = [
        f"{one.at:%H:%M:%S} {one.market}: "
        + one.reason.removeprefix("A wallet traded one outcome for ").removesuffix(" of the recent volume there.")
        for one in found.sightings
    ]
    assert told == TOLD.strip().splitlines()
    assert all("; suppressed, because " in one.reason for one in found.passed_over)
    whales = read(tmp_path, "whale_trades")
    assert Counter(whales["status"].to_list()) == {"emitted": 15, "suppressed": 397}
    assert len(found.passed_over) == len(whales.filter(pl.col("notional") >= 10_000, pl.col("status") == "suppressed"))
    assert set(whales["suppressed_reason"].drop_nulls()) == set(found.suppressed)
    assert sorted(read(tmp_path, "wallets")["id"]) == sorted(whales["wallet"].unique())
    assert len(read(tmp_path, "opportunities")) == 0
    assert len(read(tmp_path, "bars")) == sum(summary.bars.values())


def test_windows_have_ten_pairs_under_a_dollar_each_judged_after_fees_and_depth() -> None:
    found = markets(replay(plan(WINDOWS)))
    judged = []
    for one in found.cheap_pairs:
        window = int(one.market.rpartition("-")[2])
        left = (one.size_shown, one.net_shown) if one.size_shown != "0" else None
        judged.append((window, one.asks, f"{float(one.fees):.5f}", f"{float(one.left):.5f}", left))
    assert judged == [(window, *rest) for window, _, *rest in TEN]
    assert found.verdicts == {"depth": 2, "fees": 6, "profit": 1, "seen_once": 1}
    assert [one.verdict for one in found.cheap_pairs] == [
        *("fees", "fees", "profit", "fees", "depth", "depth", "fees", "fees", "seen_once", "fees")
    ]
    assert found.cheap_pairs[0].why == (
        "fees of $0.0174 a set, the highest since none is published, leave $-0.0074 of the $0.0100"
    )
    assert found.opportunities == {}


@pytest.mark.parametrize("name", [TRADES, WINDOWS])
def test_two_workers_and_a_repeated_file_have_the_same_results(name: str) -> None:
    once = replay(plan(name, end_ns=END_NS))
    assert concluded(replay(plan(name, end_ns=END_NS, workers=2))) == concluded(once)
    twice = replay(plan(name, name, end_ns=END_NS))
    assert concluded(twice) == concluded(once)
    assert twice.duplicates == once.duplicates + (9_822 if name == TRADES else 0)


def test_traded_instruments_and_prediction_markets_use_separate_dataflows(tmp_path: Path) -> None:
    bars = {"instrument": "binance:ADAUSDT"}
    ada = replay(plan("bars/ADAUSDT_15m.csv.gz", **bars, settings=SLOW))
    windows = replay(plan(WINDOWS))
    both = replay(plan(WINDOWS, "bars/ADAUSDT_15m.csv.gz", **bars, settings=SLOW, out=str(tmp_path)))
    assert both.prediction == windows.prediction
    assert (both.input_bars, both.events, both.candidates) == (ada.input_bars, ada.events, ada.candidates)
    assert len({ada.digest, windows.digest, both.digest}) == 3
    assert replay(plan("bars/ADAUSDT_15m.csv.gz", WINDOWS, **bars, settings=SLOW)).digest == both.digest
    assert len(read(tmp_path, "signals")) == ada.candidates
    assert (tmp_path / "prediction" / "opportunities" / "all.parquet").exists()


def test_the_command_prints_json_or_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(recording(TRADES)), "--end", END, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["prediction"]["trades"]["headlines"] == 62
    assert (told["duplicates"], told["prediction"]["whales"]["told"]) == (45, 15)
    assert main(["replay", str(recording(WINDOWS))]) == 0
    said = capsys.readouterr().out
    assert "Both outcomes for less than a dollar" in said
    assert said.count(" for both outcomes: ") == 10


def test_the_text_counts_what_it_does_not_list() -> None:
    summary = replay(plan(TRADES, end_ns=END_NS))
    said = text(summary)
    assert "Suppressed, by reason" in said
    assert f"… and {len(markets(summary).passed_over) - 40} more" in said
    assert "wallet 0x" not in said


def test_unknown_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"hello": "world"}')
    with pytest.raises(InputError, match="holds JSON without receive times"):
        replay(Plan(paths=[str(tmp_path / "x.json")]))
