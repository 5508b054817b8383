import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store import instruments
from store.instruments import Instrument
from tests.store import records
from tests.store.conftest import AsyncCaller


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(batches=st.lists(st.lists(records.instruments, max_size=5), max_size=3), symbol=st.none() | records.names)
def test_instruments_are_read_back_as_written(
    connection: psycopg.Connection, call: AsyncCaller, batches: list[list[Instrument]], symbol: str | None
) -> None:
    connection.execute("TRUNCATE instruments")
    expected: dict[str, Instrument] = {}
    for batch in batches:
        known = len(expected)
        expected |= {instrument.name: instrument for instrument in batch}
        assert instruments.write(connection, batch) == len(expected) - known
    wanted = [expected[name] for name in sorted(expected) if symbol in (None, expected[name].symbol)]
    first = call(instruments.page, limit=2, symbol=symbol)
    assert first == wanted[:2]
    if first:
        assert call(instruments.page, limit=99, symbol=symbol, after=first[-1].name) == wanted[len(first) :]
