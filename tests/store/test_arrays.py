import math

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.arrays import Texts

KINDS = {
    "float64": st.floats(),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "bool": st.booleans(),
    "datetime64[us]": st.integers(-(10**15), 4 * 10**15),  # 1938 to 2096
}


@pytest.mark.parametrize("dtype", KINDS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(data=st.data())
def test_array_is_sent_as_a_column(connection: psycopg.Connection, dtype: str, data: st.DataObject) -> None:
    column = np.array(data.draw(st.lists(KINDS[dtype], max_size=9)), dtype)
    rows = connection.execute("SELECT x, pg_typeof(x)::text FROM unnest(%s) AS x", (column,)).fetchall()
    if dtype == "datetime64[us]":
        expected = [at.item().replace(tzinfo=rows[0][0].tzinfo) for at in column] if rows else []
    else:
        expected = [None if isinstance(x, float) and not math.isfinite(x) else x for x in column.tolist()]
    assert [value for value, _ in rows] == expected
    assert {name for _, name in rows} <= {"double precision", "bigint", "boolean", "timestamp with time zone"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(values=st.lists(st.none() | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))))
def test_texts_are_sent_as_a_column(connection: psycopg.Connection, values: list[str | None]) -> None:
    rows = connection.execute("SELECT x, pg_typeof(x)::text FROM unnest(%s) AS x", (Texts(values),)).fetchall()
    assert rows == [(value, "text") for value in values]


def test_nat_is_null(connection: psycopg.Connection) -> None:
    times = np.array(["2024-08-08", "NaT"], "datetime64[us]")
    assert connection.execute("SELECT x IS NULL FROM unnest(%s) AS x", (times,)).fetchall() == [(False,), (True,)]


def test_strided_view_is_sent_as_a_column(connection: psycopg.Connection) -> None:
    rows = np.zeros(3, [("a", "f8"), ("b", "i8")])
    rows["a"] = (1, math.nan, 3)
    assert connection.execute("SELECT %s", (rows["a"][::2],)).fetchone() == ([1.0, 3.0],)
    assert connection.execute("SELECT %s", (rows["a"],)).fetchone() == ([1.0, None, 3.0],)


def test_unsupported_dtype_is_an_error(connection: psycopg.Connection) -> None:
    with pytest.raises(TypeError, match="float32"):
        connection.execute("SELECT %s", (np.zeros(1, np.float32),))
