"""Replays of recorded markets, against resampling by Polars, the venues' own bars and known counts."""

import gzip
import json
import zipfile
from pathlib import Path

import msgspec
import polars as pl
import pytest

from domain.blocks import read_block
from domain.correlation import CorrelateSettings
from domain.errors import InputError, RejectLimitError
from domain.scoring import ScoreSettings
from flows.__main__ import main
from flows.intelligence import Intelligence
from flows.replay import Plan, Summary, replay
from flows.settings import EngineSettings
from flows.sources.files import files
from tests.recordings import recording

USDM = "ticks/usdm_btcusdt_20240808.gz"
SPOT = ("ticks/spot_btcusdt_20240808.gz", "ticks/spot_btcusdt_20240809.gz")
LENGTHS = {"1m": "1m", "5m": "5m", "15m": "15m", "1h": "1h"}


TALKATIVE = Intelligence(score=ScoreSettings(gate=False), correlate=CorrelateSettings(composites_per_hour=1_000_000.0))
"""Nothing pays in these recordings: whoever holds back what does not pay is silent."""


def plan(*names: str, **options) -> Plan:
    return Plan(paths=[str(recording(name)) for name in names], **options)


def without_time(summary: Summary) -> Summary:
    return msgspec.structs.replace(summary, seconds=0.0, trades_per_second=0)


def read(folder: Path, kind: str) -> pl.DataFrame:
    return pl.read_parquet(folder / kind / "*.parquet").with_columns(pl.col("^(frame|instrument)$").cast(pl.String))


def trades_of(*names: str) -> pl.DataFrame:
    """The trades of recordings, decoded by plain `json`."""
    rows = []
    for name in names:
        with gzip.open(recording(name), "rt") as lines:
            for line in lines:
                message = json.loads(line[line.index(" ") :]).get("data", {})
                if message.get("e") == "trade":
                    rows.append(
                        (message["T"], message["t"], float(message["p"]), float(message["q"]), not message["m"])
                    )
    return pl.DataFrame(rows, ["ms", "id", "price", "size", "bought"], orient="row")


def resampled(trades: pl.DataFrame, length: str) -> pl.DataFrame:
    """Bars by Polars: right-open, stamped with their open time."""
    return (
        trades.with_columns(open_time=pl.from_epoch("ms", "ms").dt.replace_time_zone("UTC").dt.cast_time_unit("ns"))
        .sort("ms", "id")
        .group_by_dynamic("open_time", every=length, closed="left", label="left")
        .agg(
            pl.col("price").first().alias("open"),
            pl.col("price").max().alias("high"),
            pl.col("price").min().alias("low"),
            pl.col("price").last().alias("close"),
            pl.col("size").sum().alias("volume"),
            (pl.col("price") * pl.col("size")).sum().alias("quote_volume"),
            pl.col("size").filter(pl.col("bought")).sum().alias("buy_volume"),
            pl.len().cast(pl.Int64).alias("trades"),
        )
    )  # fmt: skip


def assert_same_bars(ours: pl.DataFrame, theirs: pl.DataFrame) -> None:
    both = ours.join(theirs, on="open_time", suffix="_theirs")
    assert len(both) == len(ours) > 0
    for name in ("open", "high", "low", "close", "trades"):
        assert (both[name] == both[f"{name}_theirs"]).all(), name
    for name in ("volume", "quote_volume", "buy_volume"):
        assert ((both[name] / both[f"{name}_theirs"] - 1).abs() < 1e-12).all(), name


def test_usdm_recording_equals_polars(tmp_path):
    summary = replay(plan(USDM, out=str(tmp_path)))
    counts = (summary.trades, summary.duplicates, summary.late, summary.rejects, summary.gaps)
    assert counts == (21_313, 0, 0, 0, 0)
    bars, trades = read(tmp_path, "bars"), trades_of(USDM)
    for frame, length in LENGTHS.items():
        ours = bars.filter(pl.col("frame") == frame)
        assert len(ours) == summary.bars[frame]
        if len(ours):
            assert_same_bars(ours, resampled(trades, length))
    assert bars["instrument"].unique().to_list() == ["binance_usdm:BTCUSDT"]
    assert bars.columns == [
        "instrument", "frame", "open_time", "close_time", "open", "high", "low", "close", "volume", "quote_volume",
        "buy_volume", "trades", "synthetic", "incomplete",
    ]  # fmt: skip


def test_the_same_file_twice_is_all_duplicates_and_the_same_digest():
    once, twice = replay(plan(USDM)), replay(plan(USDM, USDM))
    assert twice.duplicates == 21_313
    assert without_time(twice) == msgspec.structs.replace(without_time(once), duplicates=21_313)


def test_spot_files_over_midnight_have_no_gap(tmp_path):
    summary = replay(plan(*SPOT, out=str(tmp_path)))
    assert (summary.trades, summary.duplicates, summary.gaps, summary.late) == (19_904, 0, 0, 0)
    minutes = read(tmp_path, "bars").filter(pl.col("frame") == "1m")
    assert minutes["incomplete"].to_list() == [True] + [False] * (len(minutes) - 1)
    assert_same_bars(minutes, resampled(trades_of(*SPOT), "1m"))
    assert without_time(replay(plan(*reversed(SPOT)))) == without_time(summary)


def test_two_worker_processes_have_the_same_results():
    one, two = (replay(plan(*SPOT, USDM, workers=workers)) for workers in (1, 2))
    assert without_time(one) == without_time(two)


def test_a_month_of_bars_folds_to_the_venues_own(tmp_path):
    settings = EngineSettings(timeframes=("1m", "5m", "15m", "30m", "1h", "4h"))
    name = "bars/ADAUSDT_{}.csv.gz"
    file = name.format("1m")
    summary = replay(
        plan(file, instrument="binance:ADAUSDT", settings=settings, intelligence=TALKATIVE, out=str(tmp_path))
    )
    assert summary.input_bars == summary.bars["1m"] == 43_200
    assert summary.signals > 0
    assert sum(summary.outcomes.values()) == summary.candidates
    emitted = read(tmp_path, "signals").filter(pl.col("status").cast(pl.String) == "emitted")
    traded = read(tmp_path, "executions")
    assert sorted(traded["signal_id"].unique()) == sorted(emitted["id"])
    assert len(read(tmp_path, "equity")) == 30
    components = read(tmp_path, "composites").explode("component_signals").unnest("component_signals", separator="_")
    named = components.filter(pl.col("component_signals_kind") == "signal")["component_signals_id"]
    assert len(named) > 0
    assert set(named) <= set(read(tmp_path, "signals")["id"])
    bars = read(tmp_path, "bars")
    until = bars["close_time"].max()
    for file, frame in {"5m": "5m", "15m": "15m", "30m": "30m", "60m": "1h", "240m": "4h"}.items():
        given = pl.read_csv(recording(name.format(file))).with_columns(
            pl.col("timestamp").str.to_datetime("%Y-%m-%d %H:%M:%S%z", time_unit="ns").alias("open_time")
        )
        ours = bars.filter(pl.col("frame") == frame)
        span = ours["close_time"][0] - ours["open_time"][0]
        whole = given.filter(pl.col("open_time") + span <= until)  # the last row of a file was not finished
        assert len(whole) == len(given) - 1
        both = whole.join(ours, on="open_time", suffix="_ours")
        assert len(both) == len(whole)
        for column in ("open", "high", "low", "close"):
            assert (both[column] == both[f"{column}_ours"]).all(), (frame, column)
        assert ((both["volume"] - both["volume_ours"]).abs() <= 1e-9 * both["volume"]).all()


def test_spy_ticks_keep_their_volume(tmp_path):
    with zipfile.ZipFile(recording("ticks/spy_tick_trades_20131007.zip")) as archive:
        archive.extract("20131007_spy_Trade_Tick.csv", tmp_path)
    out = tmp_path / "out"
    code = main(
        [
            "replay", str(tmp_path / "20131007_spy_Trade_Tick.csv"), "--out", str(out), "--instrument", "lean:SPY",
            "--map", "ts=0@ms+2013-10-07T04:00:00Z", "--map", "price=1/10000", "--map", "size=2",
            "--end", "2013-10-08T04:00:00Z", "--json",
        ]
    )  # fmt: skip
    assert code == 0
    bars = read(out, "bars")
    assert bars.filter(pl.col("frame") == "1m")["volume"].sum() == 97_062_721
    assert bars.filter(pl.col("frame") == "1m")["trades"].sum() == 250_601
    assert bars.filter(pl.col("frame") == "1h")["volume"].sum() == 97_062_721


def test_broken_lines_are_rejected_alone(tmp_path):
    lines = gzip.decompress(recording(USDM).read_bytes()).splitlines(keepends=True)
    broken = {100: b"1723161255030314667 {not json\n", 5_000: b"garbage\n"}
    path = tmp_path / "broken.txt"
    path.write_bytes(b"".join(broken.get(at, line) for at, line in enumerate(lines)))
    summary = replay(Plan(paths=[str(path)], out=str(tmp_path / "out")))
    rejects = read(tmp_path / "out", "rejects")
    assert summary.rejects == len(rejects) == 2
    assert rejects["position"].to_list() == [101, 5_001]
    assert rejects["raw"].to_list() == [line.rstrip() for line in broken.values()]
    assert rejects["source"].to_list() == ["broken.txt"] * 2


def test_too_many_rejects_stop_the_run_and_leave_nothing(tmp_path):
    path = tmp_path / "bad.txt"
    path.write_bytes(b"1723161255030314667 {not json\n" * 2_000)
    with pytest.raises(RejectLimitError, match="not json"):
        replay(Plan(paths=[str(path)], out=str(tmp_path / "out")))
    assert list((tmp_path / "out").iterdir()) == []
    assert replay(Plan(paths=[str(path)], rejected_share_max=1.0)).rejects == 2_000


def test_a_worker_process_passes_its_error_on(tmp_path):
    path = tmp_path / "bad.txt"
    path.write_bytes(b"1723161255030314667 {not json\n" * 2_000)
    with pytest.raises(RejectLimitError, match="not json"):
        replay(Plan(paths=[str(path)], workers=2))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["replay", "/no/such/file"], "/no/such/file"),
        (["replay", __file__], "test_replay.py"),
        (["replay", __file__, "--workers", "0"], "--workers 0"),
        (["replay", __file__, "--end", "soon"], "--end 'soon'"),
        (["replay", __file__, "--map", "price"], "NAME=COLUMN"),
        (["replay", __file__, "--timeframes", "1m,soon"], "timeframe 'soon'"),
        (["replay", __file__, "--primary", "7m"], "primary_timeframe '7m'"),
        (["replay", __file__, "--jsn"], "--jsn"),
        (["replay"], "PATH"),
    ],
)
def test_errors_are_reported_in_one_line(words, said, capsys):
    assert main(words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("signalengine: ")
    assert captured.err.count("\n") == 1
    assert said in captured.err


def test_json_is_one_object_with_the_agreed_names(capsys):
    assert main(["replay", str(recording(USDM)), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    expected = (
        "trades duplicates late rejects gaps bars events candidates signals outcomes seconds trades_per_second digest"
    )
    assert set(expected.split()) <= set(told)
    assert set(told["outcomes"]) == {"tp_hit", "sl_hit", "expired", "open"}
    assert set(told["bars"]) == {"1m", "5m", "15m", "1h"}


def test_trades_and_bars_do_not_mix():
    with pytest.raises(InputError):
        replay(plan(USDM, "bars/ADAUSDT_1m.csv.gz", instrument="binance:ADAUSDT"))


def test_the_source_resumes_exactly_where_it_stopped():
    opened = files([recording(name) for name in SPOT], chunk_rows=1_000)
    whole = opened.source().build_part("log", "files", None)
    items, snapshots = [], []
    while True:
        snapshots.append((len(items), whole.snapshot()))
        try:
            items += whole.next_batch()
        except StopIteration:
            break
    for done, snapshot in snapshots[:: max(1, len(snapshots) // 5)]:
        part = opened.source().build_part("log", "files", snapshot)
        rest = []
        while True:
            try:
                rest += part.next_batch()
            except StopIteration:
                break
        assert rest == items[done:]
    assert sum(len(read_block(block)[1]) for _, block in items if read_block(block)[0] == "trades") > 19_904
