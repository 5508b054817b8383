import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.signals import Event
from store import events
from store.events import LISTING
from tests.store import records
from tests.store.conftest import AsyncCaller


def place(event: Event) -> tuple[object, str]:
    return (event.detected_at, event.id)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(
    batches=st.lists(st.lists(records.events, max_size=6), max_size=3),
    limit=st.integers(1, 4),
    symbol=st.none() | records.names,
    detector=st.none() | st.just("breakout"),
)
def test_events_are_read_back_as_written(
    connection: psycopg.Connection,
    call: AsyncCaller,
    batches: list[list[Event]],
    limit: int,
    symbol: str | None,
    detector: str | None,
) -> None:
    connection.execute("TRUNCATE events")
    expected: dict[object, Event] = {}
    for batch in batches:
        known = len(expected)
        for event in batch:
            expected.setdefault(place(event), event)
        assert events.write(connection, batch) == len(expected) - known
    wanted = [e for e in expected.values() if symbol in (None, e.symbol) and detector in (None, e.detector)]
    wanted.sort(key=place, reverse=True)
    found: list[Event] = []
    before = None
    while some := call(LISTING.page, {"symbol": symbol, "detector": detector}, limit=limit, before=before):
        found += some
        before = LISTING.cursor_of(some[-1])
    assert found == wanted
    if wanted:
        since = wanted[len(wanted) // 2].detected_at
        filters = {"symbol": symbol, "detector": detector, "since": since, "timeframe": "5m"}
        page = call(LISTING.page, filters, limit=99)
        assert page == [e for e in wanted if e.detected_at >= since and e.timeframe == "5m"]
