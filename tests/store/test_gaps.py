import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store import gaps
from store.gaps import Gap
from tests.store import records
from tests.store.conftest import AsyncCaller


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(batches=st.lists(st.lists(records.gaps, max_size=5), max_size=3), since=st.none() | records.few_instants)
def test_gaps_are_read_back_as_written(
    connection: psycopg.Connection, call: AsyncCaller, batches: list[list[Gap]], since: object
) -> None:
    connection.execute("TRUNCATE gaps")
    expected: dict[object, Gap] = {}
    for batch in batches:
        known = len(expected)
        for gap in batch:
            expected.setdefault((gap.instrument, gap.detected_at, gap.first_id, gap.last_id), gap)
        assert gaps.write(connection, batch) == len(expected) - known
    found = call(gaps.page, limit=99, since=since)
    times = [gap.detected_at for gap in found]
    assert times == sorted(times, reverse=True)
    assert set(found) == {gap for gap in expected.values() if since is None or gap.detected_at >= since}
    assert call(gaps.page, limit=1, since=since) == found[:1]
