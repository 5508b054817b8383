import itertools
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.blocks import KIND_HEARTBEAT, heartbeats, read_block
from domain.clock import MINUTE, SECOND, parse_iso
from domain.errors import InputError, RecoveryError, RejectLimitError
from domain.frames import Frame
from domain.instruments import instrument_id
from flows.shards import KEYS
from flows.sources.files import Files, files
from flows.sources.split import Item
from tests.flows.sources.memory import names, rejects, streams
from tests.flows.venues.test_binance import AGGREGATE, SPOT, USDM, line
from tests.recordings import recording

SPOT_DAYS = ("ticks/spot_btcusdt_20240808.gz", "ticks/spot_btcusdt_20240809.gz")
START = parse_iso("2024-08-08T23:50:00Z")


def drain(opened: Files, resume: Any = None) -> list[Item]:
    """All items from a position on."""
    part = opened.source().build_part("log", "files", resume)
    items: list[Item] = []
    while True:
        try:
            items += part.next_batch()
        except StopIteration:
            return items


def rows(items: list[Item], kind: str = "trades") -> Any:
    found = [content for name, content in (read_block(block) for _, block in items) if name == kind]
    together = np.concatenate(found)
    return together[together["kind"] != KIND_HEARTBEAT] if kind == "trades" else together


def table(path: Path, times: list[int], symbols: list[str], first_id: int = 0) -> Path:
    """Trades at seconds after START; sizes and prices identify their origin."""
    columns = {
        "ts": pa.array([START + at * SECOND for at in times], pa.int64()),
        "price": pa.array([1.0 + len(path.name)] * len(times), pa.float64()),
        "size": pa.array([1.0 + at for at in range(len(times))], pa.float64()),
        "id": pa.array(range(first_id, first_id + len(times)), pa.int64()),
        "symbol": pa.array(symbols, pa.string()),
    }
    pa.parquet.write_table(pa.table(columns), path)
    return path


def test_a_recording_of_futures() -> None:
    opened = files([recording("ticks/usdm_btcusdt_20240808.gz")])
    items = drain(opened)
    trades = rows(items)
    assert (opened.kind, opened.base, opened.lateness_ns) == ("trades", None, SECOND)
    assert trades.size == 21_313
    assert np.all(np.diff(trades["id"]) == 1)
    assert np.all(np.diff(trades["ts"]) >= 0)
    assert float((trades["price"] * trades["size"]).sum()) == pytest.approx(149.8e6, rel=1e-3)
    assert (trades["price"].min(), trades["price"].max()) == (61590.3, 61839.9)
    assert [name for _, _, name in names(items)] == ["binance_usdm:BTCUSDT"]
    assert rejects(items) == []
    assert opened.ignored == {"bookTicker": 66_089, "depth": 6_551, "lastUpdateId": 1}
    # From 23:54:16 on, six minutes are entered before midnight, and then there is the end.
    others = [stream for key, stream in streams(items).items() if key != names(items)[0][0]]
    assert [len(stream) for stream in others] == [6 + 1] * 23


def test_spot_files_over_midnight_in_any_order() -> None:
    days = [recording(name) for name in SPOT_DAYS]
    items = drain(files(days))
    trades = rows(items)
    assert trades.size == 9_757 + 10_147
    assert np.all(np.diff(trades["id"]) == 1)
    assert drain(files(days[::-1])) == items


def test_the_same_file_twice_gives_every_trade_twice() -> None:
    day = recording(SPOT_DAYS[0])
    trades = rows(drain(files([day, day])))
    assert trades.size == 2 * 9_757
    assert np.unique(trades["id"]).size == 9_757
    assert np.all(np.diff(trades["ts"]) >= 0)


@pytest.mark.parametrize(("symbol", "bars"), [("BTC", 87_983), ("ETH", 87_983), ("SOL", 87_983)])
def test_bars_in_feather(symbol: str, bars: int) -> None:
    opened = files([recording(f"bars/{symbol}_USDT-5m.feather")], instrument=f"binance:{symbol}USDT")
    found = rows(drain(opened), "bars")
    assert (opened.kind, opened.base, opened.lateness_ns) == ("bars", Frame.parse("5m"), 0)
    assert found.size == bars
    assert np.all(found["close_time"] - found["open_time"] == 5 * MINUTE)
    assert found["open_time"][0] == parse_iso("2022-12-01T00:00:00Z")
    gaps = np.flatnonzero(np.diff(found["open_time"]) != 5 * MINUTE)
    assert found["open_time"][gaps].tolist() == [parse_iso("2023-03-24T12:35:00Z")]
    assert found["open_time"][gaps + 1].tolist() == [parse_iso("2023-03-24T14:00:00Z")]


def test_bars_in_csv() -> None:
    opened = files([recording("bars/ADAUSDT_1m.csv.gz")], instrument="binance:ADAUSDT")
    items = drain(opened)
    found = rows(items, "bars")
    assert opened.base == Frame.parse("1m")
    assert found.size == 43_200
    first = found[0]
    assert [first[name].item() for name in ("open", "high", "low", "close", "volume")] == [
        0.6901, 0.6912, 0.6894, 0.6898, 216241.0,
    ]  # fmt: skip
    # Time reaches the other shards just short of each hour's first close, and the last close at the end.
    other = next(key for key in KEYS if key != names(items)[0][0])
    beats = np.frombuffer(b"".join(row for _, row in streams(items)[other]), heartbeats([]).dtype)["ts"]
    assert beats[:2].tolist() == [parse_iso("2025-05-30T16:41:00Z") - 1, parse_iso("2025-05-30T17:00:00Z") - 1]
    assert beats[-1] == found["close_time"][-1] == parse_iso("2025-06-29T16:40:00Z")


def test_a_day_of_stock_ticks_by_column_numbers(tmp_path: Path) -> None:
    with zipfile.ZipFile(recording("ticks/spy_tick_trades_20131007.zip")) as archive:
        path = Path(archive.extract(archive.namelist()[0], tmp_path))
    mapping = {"ts": "0@ms+2013-10-07T04:00:00Z", "price": "1/10000", "size": "2"}
    items = drain(files([path], instrument="us:SPY", mapping=mapping))
    trades = rows(items)
    assert trades.size == 250_601
    assert trades["size"].sum() == 97_062_721
    assert np.all(np.diff(trades["ts"]) >= 0)
    assert trades["ts"][0] == parse_iso("2013-10-07T08:00:00.464Z")
    assert trades["price"][0] == 167.41
    assert rejects(items) == []


times = st.lists(st.integers(0, 300), min_size=1, max_size=15)
symbols = st.sampled_from(["x:A", "x:B", "x:C"])


@settings(max_examples=40)
@given(inputs=st.lists(times, min_size=1, max_size=3), chunk_rows=st.integers(1, 20), data=st.data())
def test_chunks_order_of_files_and_restarts_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, inputs: list[list[int]], chunk_rows: int, data: st.DataObject
) -> None:
    folder = tmp_path_factory.getbasetemp()
    paths = [
        table(folder / f"{'x' * number}.parquet", file, [data.draw(symbols) for _ in file], 100 * number)
        for number, file in enumerate(inputs, 1)
    ]
    expected = drain(files(paths))
    opened = files(data.draw(st.permutations(paths)), chunk_rows=chunk_rows)
    part = opened.source().build_part("log", "files", None)
    items: list[Item] = []
    cut = data.draw(st.integers(0, 10))
    for _ in range(cut):
        try:
            items += part.next_batch()
        except StopIteration:
            break
    other = files(paths, chunk_rows=data.draw(st.integers(1, 20)))
    items += drain(other, part.snapshot())
    assert streams(items) == streams(expected)
    assert sorted(names(items)) == sorted(names(expected))


def test_after_the_end_there_is_nothing_more(tmp_path: Path) -> None:
    opened = files([table(tmp_path / "a.parquet", [1, 2], ["x:A", "x:A"])])
    part = opened.source().build_part("log", "files", None)
    while not part.snapshot()[-1]:
        part.next_batch()
    with pytest.raises(StopIteration):
        part.next_batch()
    assert drain(opened, part.snapshot()) == []


def test_a_stated_end_is_sent_to_every_shard(tmp_path: Path) -> None:
    path = table(tmp_path / "a.parquet", [1, 2], ["x:A", "x:A"])
    for end_ns, last in ((None, START + 2 * SECOND), (START + MINUTE, START + MINUTE), (START, START + 2 * SECOND)):
        by_shard = streams(drain(files([path], end_ns=end_ns)))
        assert {stream[-1] for stream in by_shard.values()} == {("trades", heartbeats([last]).tobytes())}
        assert set(by_shard) == set(KEYS)


def test_broken_lines_are_counted_and_limited(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"\n".join([line({**USDM, "t": number}) for number in range(300)] + [b"garbage"] * 3))
    items = drain(files([path]))
    assert rows(items).size == 300
    assert [(key, reject.position) for key, reject in rejects(items)] == [(KEYS[0], at) for at in (301, 302, 303)]
    with pytest.raises(RejectLimitError, match=r"3 of 303 rows are rejected, .*x 301: line is not `RECV_NS JSON`: 'g"):
        drain(files([path], rejected_share_max=0.009))


def test_a_file_that_changed_is_not_resumed(tmp_path: Path) -> None:
    path = table(tmp_path / "a.parquet", [1, 2], ["x:A", "x:A"])
    snapshot = files([path]).source().build_part("log", "files", None).snapshot()
    other = table(tmp_path / "b.parquet", [1, 2], ["x:A", "x:A"])
    with pytest.raises(RecoveryError, match=r"written while reading .*a.parquet \(.*\), and the input is now .*b.parq"):
        files([other]).source().build_part("log", "files", snapshot)
    with pytest.raises(RecoveryError, match="file positions of version 9, and this is version 1; use a new"):
        files([path]).source().build_part("log", "files", (9, *snapshot[1:]))
    table(path, [1, 2, 3], ["x:A", "x:A", "x:A"])
    with pytest.raises(RecoveryError, match="use the same files, unchanged, or a new recovery directory"):
        files([path]).source().build_part("log", "files", snapshot)


def bars(path: Path, spacing: str) -> Path:
    length = Frame.parse(spacing).length_ns // SECOND
    lines = [f"{START // SECOND + at * length},1,1,1,1,1,x:A" for at in range(3)]
    path.write_text("ts,open,high,low,close,volume,symbol\n" + "\n".join(lines))
    return path


def test_incompatible_files(tmp_path: Path) -> None:
    trades = table(tmp_path / "a.parquet", [1, 2], ["x:A", "x:A"])
    minutes, seconds = bars(tmp_path / "b.csv", "1m"), bars(tmp_path / "c.csv", "1s")
    for paths in itertools.permutations([trades, minutes]):
        with pytest.raises(InputError, match=r"input '.*' holds .* and '.*' holds .*; replay them one at a time"):
            files(paths)
    message = "input 'b.csv' has bars of 1m and 'c.csv' of 1s; use files of one frame, the longer ones are folded"
    with pytest.raises(InputError, match=message):
        files([minutes, seconds])
    with pytest.raises(InputError, match="no input files; name at least one"):
        files([])


def test_files_that_count_an_instrument_in_two_ways_do_not_go_together(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"\n".join([line(USDM), line(SPOT)]))
    other.write_bytes(line({**AGGREGATE, "s": "ETHUSDT"}))
    assert len(rows(drain(files([one, other])))) == 3
    other.write_bytes(line(AGGREGATE))
    message = "'one' has the stream trade of binance_usdm:BTCUSDT and 'other' the stream aggTrade"
    with pytest.raises(InputError, match=re.escape(message)):
        files([one, other])


def test_symbols_without_venue_are_refused_at_the_start(tmp_path: Path) -> None:
    path = table(tmp_path / "a.parquet", [1], ["BTC"])
    with pytest.raises(InputError, match="names the symbol 'BTC' without its venue"):
        files([path])
    assert names(drain(files([path], instrument="okx:*")))[0][1:] == (instrument_id("okx:BTC"), "okx:BTC")
