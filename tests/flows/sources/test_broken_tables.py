"""Tables with invalid rows, columns or bytes."""

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.ipc
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import DAY, SECOND
from domain.errors import InputError
from domain.frames import Frame
from domain.slices import Reject
from tests.flows.sources.written import FORMATS, MINUTE, NAME, START, opened, read, text, write


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


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("at_most", [1, 2, 3, 100])
def test_a_timestamp_far_ahead_is_rejected_and_does_not_advance_time(tmp_path: Path, ending: str, at_most: int) -> None:
    ahead = [START + 2 * DAY, 4_102_444_800 * SECOND, START + DAY]  # the second is the year 2100
    times = [START, ahead[0], START + 1, ahead[1], ahead[1] + 7, START + 2, START + 3, ahead[2]]
    columns = {"ts": pa.array(times), "price": pa.array([1.0] * 8), "size": pa.array([1.0] * 8)}
    table = opened(write(pa.table(columns), tmp_path / f"x.{ending}"))
    rows, rejects = read(table, at_most=at_most)
    assert (rows["ts"] - START).tolist() == [0, 1, 2, 3, DAY]
    header = ending.startswith("csv")
    assert [(reject.position - header, reject.reason) for reject in rejects] == [
        (2, "time is more than a day ahead of the rows around it"),
        (4, "time is in the year 2100 or later"),
        (5, "time is in the year 2100 or later"),
    ]
    done = 0
    for chunk in table.read(0, 0, at_most):
        done += chunk.rows.size
        rest, others = read(table, chunk.consumed, int(rows["ts"][:done].max(initial=0)), at_most)
        assert rest.tobytes() == rows[done:].tobytes()
        assert others == [reject for reject in rejects if reject.position > chunk.consumed]


def test_a_timestamp_far_behind_does_not_reject_the_row_before_it(tmp_path: Path) -> None:
    lines = [START, START + 1, START - 400 * DAY, START + 2, START + 3 * DAY, START + 2 * DAY - 1]
    path = text("ts,price,size\n" + "".join(f"{ts},1,1\n" for ts in lines), tmp_path / "x.csv")
    for at_most in range(1, 8):
        rows, rejects = read(opened(path), at_most=at_most)
        assert rows["ts"].tolist() == [*lines[:4], lines[5]]
        assert [reject.position for reject in rejects] == [6]


def test_a_bar_far_ahead_does_not_hold_up_those_after_it(tmp_path: Path) -> None:
    path = text(
        "ts,open,high,low,close,volume\n1723161240,1,3,1,2,10\n1923161340,1,3,1,2,10\n1723161300,1,3,1,2,10\n",
        tmp_path / "x.csv",
    )
    rows, rejects = read(opened(path, frame=Frame.parse("1m")))
    assert rows["open_time"].tolist() == [START, START + MINUTE]
    assert [(reject.position, reject.reason) for reject in rejects] == [
        (3, "time is more than a day ahead of the rows around it")
    ]


@pytest.mark.parametrize("wrong", ["-1,", "inf,", ",-1", ",inf"])
def test_optional_volumes_are_validated(tmp_path: Path, wrong: str) -> None:
    header = "ts,open,high,low,close,volume,quote_volume,taker_buy_volume\n"
    path = text(f"{header}1723161240,1,3,1,2,10,,\n1723161300,1,3,1,2,10,{wrong}\n", tmp_path / "x.csv")
    rows, rejects = read(opened(path, frame=Frame.parse("1m")))
    assert rows["open_time"].tolist() == [START]
    assert [reject.reason for reject in rejects] == ["quote or taker buy volume is negative or infinite"]


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
        ("x.csv", (*range(0, 60_000, 300), 301), "5m"),
        ("BTC_USDT-5m.csv", (*range(0, 60_000, 300), 301), "5m"),
        ("x.csv", (0, 600, 900, 1500, 2100), "5m"),
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
        ("ts,price,size\n", None, "input 'x.csv' does not name its instrument; add --instrument venue:symbol"),
        ("ts,price,foo\n", NAME, "input 'x.csv' has no column for size"),
        ("1723161240,5,1\n", NAME, "input 'x.csv' has no header line; name its columns by number, from 0: --map ts=0"),
        ("ts,open,high,low,close,volume\n1723161240,1,1,1,1,1\n", NAME, "length of its bars cannot be inferred"),
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
    with pytest.raises(InputError, match=r"input 'x.parquet' cannot be read further: .*list"):
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


@given(lines=junk, at_most=st.integers(1, 10))
def test_no_malformed_line_affects_the_others(
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
