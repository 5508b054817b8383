from pathlib import Path

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
from domain.frames import Frame
from domain.instruments import instrument_id
from domain.slices import BAR
from tests.flows.sources.written import FORMATS, MINUTE, NAME, START, opened, read, text, trades, write


@pytest.mark.parametrize("ending", FORMATS)
@settings(max_examples=25)
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


def test_optional_columns_of_bars(tmp_path: Path) -> None:
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
