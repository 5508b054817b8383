from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import parse_iso
from flows.sources import cells

AT = parse_iso("2024-08-08T23:54:16.322Z")
words = st.sampled_from(
    ["", " ", "1", "1.5", "-2", "1e3", "nan", "inf", "None", "one", "1,5", "1_0"]
) | st.sampled_from(
    [
        "buy",
        "Sell",
        "TRUE",
        "0",
        "1723161256322",
        "1723161256.322",
        "1723161256322000001",
        "99999999999999999999",
        "9223372036854775808",
        "2024-08-08T23:54:16.322Z",
        "2024-08-08 23:54:16.322",
        "2024-08-09",
        "2024-08-09 01:54:16.322+02:00",
        "23:54",
    ]
)
readers: list[Callable[[Any], Any]] = [
    cells.numbers,
    cells.whole_numbers,
    cells.times,
    lambda column: cells.times(column, "ms", AT),
    cells.sides,
    cells.sides_of_makers,
]


@pytest.mark.parametrize("read", readers)
@given(column=st.lists(st.none() | words, min_size=1, max_size=12), data=st.data())
def test_a_cell_does_not_depend_on_its_neighbours(
    read: Callable[[Any], Any], column: list[str | None], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(column)))
    whole = read(pa.array(column, pa.string()))
    parts = [read(pa.array(part, pa.string())) for part in (column[:cut], column[cut:])]
    np.testing.assert_array_equal(whole, np.concatenate(parts))


@pytest.mark.parametrize(
    "column",
    [
        pa.array([AT]),
        pa.array([AT // 1_000]),
        pa.array([AT // 1_000_000]),
        pa.array([AT / 1e9]),
        pa.array([AT / 1e6]),
        pa.array([Decimal("1723161256.322")]),
        pa.array([AT // 1_000_000], pa.uint64()),
        pa.array([str(AT)]),
        pa.array(["1723161256.322"]),
        pa.array(["2024-08-08T23:54:16.322Z"]),
        pa.array(["2024-08-08 23:54:16.322"]),
        pa.array(["2024-08-09T01:54:16.322+02:00"]).dictionary_encode(),
        pa.array([AT], pa.timestamp("ns", "America/New_York")),
        pa.array([AT // 1_000_000], pa.timestamp("ms")),
        pa.array([datetime(2024, 8, 8, 23, 54, 16, 322_000, UTC)]),
    ],
    ids=lambda column: str(column.type),
)
def test_every_way_to_write_a_time(column: Any) -> None:
    assert cells.times(column).tolist() == [AT]


def test_whole_seconds_and_days() -> None:
    midnight = parse_iso("2024-08-09T00:00:00Z")
    assert cells.times(pa.array([midnight // 10**9])).tolist() == [midnight]
    assert cells.times(pa.array([date(2024, 8, 9)])).tolist() == [midnight]
    assert cells.times(pa.array(["2024-08-09"])).tolist() == [midnight]


def test_times_count_from_an_origin_in_a_unit() -> None:
    midnight = parse_iso("2013-10-07T04:00:00Z")
    expected = [parse_iso("2013-10-07T08:00:00.464Z")]
    for column in (pa.array([14_400_464]), pa.array(["14400464"]), pa.array([14_400_464.0])):
        assert cells.times(column, "ms", midnight).tolist() == expected


def test_unreadable_times() -> None:
    column = pa.array([None, 2**62, -(2**63), 4])
    assert cells.times(column, "s").tolist() == [cells.NO_TIME, cells.NO_TIME, cells.NO_TIME, 4 * 10**9]
    assert cells.times(pa.array([None, np.nan, np.inf, 1e300]), "s").tolist() == [cells.NO_TIME] * 4


def test_numbers_of_every_type() -> None:
    for column in (pa.array([7, None]), pa.array([7.0, None]), pa.array([Decimal("7.0"), None]), pa.array(["7", ""])):
        np.testing.assert_array_equal(cells.numbers(column), [7.0, np.nan])
        assert cells.whole_numbers(column).tolist() == [7, -1]


def test_sides_of_every_type() -> None:
    for column in (pa.array([1, -1, None, 5]), pa.array([1.0, -1.0, None, 5.0]), pa.array(["B", "SELL", "", "x"])):
        assert cells.sides(column).tolist() == [1, -1, 0, cells.NO_SIDE]
    for makers in (pa.array([True, False, None]), pa.array(["True", "false", ""]), pa.array([1, 0, None])):
        assert cells.sides_of_makers(makers).tolist() == [-1, 1, 0]
