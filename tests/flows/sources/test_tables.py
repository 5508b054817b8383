import gzip
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.ipc
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.blocks import NO_ID, TRADE
from domain.errors import InputError
from domain.frames import Frame
from domain.instruments import instrument_id
from domain.slices import BAR, Reject
from flows.sources.tables import Table

NAME = "binance:BTCUSDT"
START = 1_723_161_240_000_000_000  # 2024-08-08T23:54:00Z
MINUTE = 60_000_000_000
FORMATS = ("parquet", "feather", "arrows", "csv", "csv.gz")


def write(table: pa.Table, path: Path, *, rows: int = 3) -> Path:
    """`table` in the format that the path ends in, in groups of `rows`."""
    match path.name.partition(".")[2]:
        case "parquet":
            pa.parquet.write_table(table, path, row_group_size=rows)
        case "feather":
            pa.feather.write_feather(table, path, chunksize=rows)
        case "arrows":
            with pa.ipc.new_stream(path, table.schema) as stream:
                stream.write_table(table, max_chunksize=rows)
        case _:
            sink = pa.BufferOutputStream()
            pa.csv.write_csv(table, sink)
            content = sink.getvalue().to_pybytes()
            path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def text(content: str, path: Path) -> Path:
    path.write_text(content)
    return path


def opened(path: Path, instrument: str | None = NAME, frame: Frame | None = None, **mapping: str) -> Table:
    return Table(path, instrument=instrument, mapping=mapping, frame=frame)


def read(table: Table, position: int = 0, newest_ns: int = 0, at_most: int = 1_000) -> tuple[Any, list[Reject]]:
    chunks = list(table.read(position, newest_ns, at_most))
    rows = np.concatenate([np.empty(0, TRADE if table.kind == "trades" else BAR), *(chunk.rows for chunk in chunks)])
    return rows, [reject for chunk in chunks for reject in chunk.rejects]


positive = st.floats(1e-8, 1e8)
trades = st.lists(
    st.tuples(st.integers(0, 10**12), positive, positive, st.integers(0, 10**15), st.sampled_from([1, -1])),
    min_size=1,
    max_size=12,
)


@pytest.mark.parametrize("ending", FORMATS)
@settings(deadline=None, max_examples=25)
@given(trades=trades, at_most=st.integers(1, 5), data=st.data())
def test_trades_come_back_as_written_from_any_position(
    tmp_path_factory: pytest.TempPathFactory,
    ending: str,
    trades: list[tuple[int, float, float, int, int]],
    at_most: int,
    data: st.DataObject,
) -> None:
    expected = np.zeros(len(trades), TRADE)
    for name, column in zip(("ts", "price", "size", "id", "side"), zip(*trades, strict=True), strict=True):
        expected[name] = column
    expected["ts"] += START
    expected["instrument"] = instrument_id(NAME)
    columns = {name: pa.array(expected[name]) for name in ("ts", "price", "size", "id", "side")}
    path = write(pa.table(columns), tmp_path_factory.getbasetemp() / f"trades.{ending}")
    table = opened(path)
    chunks = list(table.read(0, 0, at_most))
    np.testing.assert_array_equal(np.concatenate([chunk.rows for chunk in chunks]), expected)
    assert all(chunk.rows.size <= at_most and not chunk.rejects for chunk in chunks)
    assert chunks[-1].names == {instrument_id(NAME): NAME}
    cut = data.draw(st.integers(0, len(chunks) - 1))
    done = sum(chunk.rows.size for chunk in chunks[: cut + 1])
    rest, _ = read(table, chunks[cut].consumed, at_most=at_most + 1)
    np.testing.assert_array_equal(rest, expected[done:])


@pytest.mark.parametrize("ending", FORMATS)
def test_bars_come_back_as_written(tmp_path: Path, ending: str) -> None:
    expected = np.zeros(7, BAR)
    expected["open_time"] = START + MINUTE * np.arange(7)
    expected["close_time"] = expected["open_time"] + MINUTE
    expected["instrument"] = instrument_id(NAME)
    for at, name in enumerate(("low", "open", "close", "high")):
        expected[name] = 10.0 + at + np.arange(7)
    expected["volume"] = np.arange(7)
    for name in ("quote_volume", "buy_volume", "largest"):
        expected[name] = np.nan
    expected["trades"] = -1
    columns = {
        "Date": pa.array(expected["open_time"], pa.timestamp("ns", "UTC")),
        **{name.title(): pa.array(expected[name]) for name in ("open", "high", "low", "close", "volume")},
    }
    table = opened(write(pa.table(columns), tmp_path / f"bars.{ending}"))
    rows, rejects = read(table, at_most=3)
    assert rows.tobytes() == expected.tobytes()
    assert (table.kind, table.frame, rejects) == ("bars", Frame("1m", MINUTE), [])


def test_what_bars_may_tell_beside_prices(tmp_path: Path) -> None:
    path = text(
        "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume\n"
        "1723161240000,1,3,1,2,10,1723161299999,20,4,6\n"
        "1723161300000000,2,3,1,2,10,1723161359999999,,,\n",
        tmp_path / "klines.csv",
    )
    rows, _ = read(opened(path))
    assert rows["open_time"].tolist() == [START, START + MINUTE]
    np.testing.assert_array_equal(rows["quote_volume"], [20.0, np.nan])
    np.testing.assert_array_equal(rows["buy_volume"], [6.0, np.nan])
    assert rows["trades"].tolist() == [4, -1]


def test_trades_without_ids_are_never_duplicates_of_each_other(tmp_path: Path) -> None:
    path = text("ts,price,size\n" + "1723161240,5,1\n" * 3, tmp_path / "x.csv")
    rows, rejects = read(opened(path))
    assert rows["id"].tolist() == [NO_ID] * 3
    assert rejects == []


def test_a_file_may_hold_many_instruments(tmp_path: Path) -> None:
    path = text("ts,price,size,market\n1723161240,5,1,BTC\n1723161240,6,1,ETH\n", tmp_path / "x.csv")
    table = opened(path, "okx:*")
    rows, _ = read(table)
    assert rows["instrument"].tolist() == [instrument_id("okx:BTC"), instrument_id("okx:ETH")]


def test_a_csv_file_without_header_and_with_its_own_delimiter(tmp_path: Path) -> None:
    path = text("14400464;1674100;100;P\n\n14400465;1674200;1400;P\n", tmp_path / "spy.csv")
    mapping = {"ts": "0@ms+2013-10-07T04:00:00Z", "price": "1/10000", "size": "2"}
    rows, rejects = read(opened(path, "nyse:SPY", **mapping))
    assert rows["price"].tolist() == [167.41, 167.42]
    assert rows["size"].tolist() == [100.0, 1400.0]
    assert np.diff(rows["ts"]).tolist() == [1_000_000]
    assert rejects == []


def test_a_csv_file_as_spreadsheets_write_it(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b'\xef\xbb\xbf"Date","Note","Price","Qty"\r\n"2024-08-08 23:54:00","a, ""b""","5.5","2"\r\n')
    rows, rejects = read(opened(path))
    assert (rows["ts"].tolist(), rows["price"].tolist(), rows["size"].tolist()) == ([START], [5.5], [2.0])
    assert rejects == []


def test_broken_trades_are_rejected_one_by_one(tmp_path: Path) -> None:
    path = text(
        "ts,price,size,side\n"
        "1723161240,5,1,buy\n"
        "noon,5,1,buy\n"
        "14400464,5,1,buy\n"
        "1723161240,-5,1,buy\n"
        "1723161240,5,inf,buy\n"
        "1723161240,nan,1,buy\n"
        "1723161240,5,1\n"
        "1723161240,5,1,up\n"
        "\n"
        "1723161240,5,0,buy\n"
        "1723161241,6,2,\n",
        tmp_path / "x.csv",
    )
    rows, rejects = read(opened(path))
    assert rows["price"].tolist() == [5.0, 6.0]
    assert rows["side"].tolist() == [1, 0]
    when = "time is missing, unreadable or before 1971"
    assert sorted(rejects, key=lambda reject: reject.position) == [
        Reject("x.csv", 3, when, b"noon,5,1,buy"),
        Reject("x.csv", 4, when, b"14400464,5,1,buy"),
        Reject("x.csv", 5, "price is not a positive number", b"1723161240,-5,1,buy"),
        Reject("x.csv", 6, "size is not a positive number", b"1723161240,5,inf,buy"),
        Reject("x.csv", 7, "price is not a positive number", b"1723161240,nan,1,buy"),
        Reject("x.csv", 8, "line has 3 columns and not 4", b"1723161240,5,1"),
        Reject("x.csv", 9, "side is neither buy nor sell", b"1723161240,5,1,up"),
        Reject("x.csv", 11, "size is not a positive number", b"1723161240,5,0,buy"),
    ]


def test_broken_bars_are_rejected_one_by_one(tmp_path: Path) -> None:
    header = "ts,open,high,low,close,volume\n"
    lines = {
        2: ("1723161240,1,3,1,2,10", ""),
        3: ("1723161300,1,3,1,,10", "a price is not a positive number"),
        4: ("1723161300,1,3,-1,2,10", "a price is not a positive number"),
        5: ("1723161300,2,1,3,2,10", "high is below low"),
        6: ("1723161300,4,3,1,2,10", "open or close is not between low and high"),
        7: ("1723161300,1,3,1,2,-1", "volume is not a number of 0 or more"),
        8: ("1723161300,1,3,1,2,inf", "volume is not a number of 0 or more"),
        9: ("1723161301,1,3,1,2,10", "open time is not a multiple of 1m"),
        10: ("1723161180,1,3,1,2,10", "time is before that of a row above"),
        11: ("1723161300,1,3,1,2,0", ""),
    }
    path = text(header + "\n".join(line for line, _ in lines.values()), tmp_path / "x.csv")
    rows, rejects = read(opened(path, frame=Frame.parse("1m")))
    assert rows["open_time"].tolist() == [START, START + MINUTE]
    assert rejects == [Reject("x.csv", at, why, line.encode()) for at, (line, why) in lines.items() if why]


def test_the_order_of_bars_is_known_after_a_restart(tmp_path: Path) -> None:
    path = text(
        "ts,open,high,low,close,volume\n1723161300,1,3,1,2,10\n1723161240,1,3,1,2,10\n1723161360,1,3,1,2,10\n",
        tmp_path / "x.csv",
    )
    table = opened(path)
    whole = read(table)
    first = next(iter(table.read(0, 0, 2)))
    rows, rejects = read(table, first.consumed, int(first.rows["close_time"].max()))
    assert first.rows.tobytes() + rows.tobytes() == whole[0].tobytes()
    assert first.rejects + rejects == whole[1]
    assert [reject.position for reject in whole[1]] == [3]


def test_rejected_rows_of_binary_tables_are_shown_as_json(tmp_path: Path) -> None:
    table = pa.table({"ts": pa.array([START, START + 7], pa.timestamp("ns")), "price": [-1.5, 2], "size": [None, 1.0]})
    rows, rejects = read(opened(write(table, tmp_path / "x.parquet")))
    assert rows.size == 1
    raw = b'{"ts":"2024-08-08 23:54:00.000000000","price":"-1.5","size":null}'
    assert rejects == [Reject("x.parquet", 1, "price is not a positive number", raw)]


@pytest.mark.parametrize(
    ("name", "times", "expected"),
    [
        ("x.csv", (0, 600, 900), "5m"),
        ("x.csv", (900, 0, 600), "5m"),
        ("BTC_USDT-1m.csv", (0, 600, 900), "1m"),
        ("BTC_USDT-7m.csv", (0, 600, 900), "5m"),
        ("ADAUSDT_60m.csv", (0,), "1h"),
        ("x.csv", (0, 5), "5s"),
        ("x.csv", (0, 86_400), "1d"),
    ],
)
def test_the_frame_of_bars_is_found(tmp_path: Path, name: str, times: tuple[int, ...], expected: str) -> None:
    lines = [f"{1_723_075_200 + at},1,3,1,2,10" for at in times]
    path = text("ts,open,high,low,close,volume\n" + "\n".join(lines), tmp_path / name)
    assert opened(path).frame == Frame.parse(expected)
    assert opened(path, frame=Frame.parse("30s")).frame == Frame.parse("30s")


@pytest.mark.parametrize(
    ("content", "instrument", "message"),
    [
        ("ts,price,size\n", None, "input 'x.csv' does not name its instrument; give it: --instrument venue:symbol"),
        ("ts,price,foo\n", NAME, "input 'x.csv' has no column for size"),
        ("1723161240,5,1\n", NAME, "input 'x.csv' has no header line; name its columns by number, from 0: --map ts=0"),
        ("ts,open,high,low,close,volume\n1723161240,1,1,1,1,1\n", NAME, "length of its bars cannot be told"),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, content: str, instrument: str | None, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        opened(text(content, tmp_path / "x.csv"), instrument)


def test_a_damaged_table_is_named(tmp_path: Path) -> None:
    path = write(pa.table({"ts": [START], "price": [1.0], "size": [1.0]}), tmp_path / "x.parquet")
    path.write_bytes(path.read_bytes()[:-6])
    with pytest.raises(InputError, match=r"input 'x.parquet' cannot be read: Parquet magic bytes not found"):
        opened(path)


def test_a_column_of_a_type_without_numbers_is_named(tmp_path: Path) -> None:
    table = pa.table({"ts": [START], "price": [[1.0]], "size": [1.0]})
    with pytest.raises(InputError, match=r"input 'x.parquet' cannot be read on: .*list"):
        read(opened(write(table, tmp_path / "x.parquet")))


junk = st.lists(
    st.one_of(
        st.sampled_from([b"1723161240,5,1,buy", b'"' + b"x" * 200_000]),
        st.lists(st.sampled_from([b'"', b",", b"5", b"\xff", b"\0", b"\r", b"'", b" ", b"-", b"buy"]), max_size=9).map(
            b"".join
        ),
    ),
    max_size=8,
)


@settings(deadline=None)
@given(lines=junk, at_most=st.integers(1, 10))
def test_no_line_whatever_stops_the_rest(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], at_most: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "junk.csv"
    path.write_bytes(b"\n".join([b"ts,price,size,side", *lines, b"1723161240,7,1,sell"]))
    rows, rejects = read(opened(path), at_most=at_most)
    assert rows["price"][-1] == 7.0
    blank = sum(not line.strip() for line in lines)
    assert rows.size + len(rejects) + blank == len(lines) + 1
    assert read(opened(path), at_most=100)[0].tobytes() == rows.tobytes()
    for reject in rejects:
        assert reject.raw == lines[reject.position - 2][:1_000]
