import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.slices import Reject
from store import rejects
from tests.store import records
from tests.store.conftest import AsyncCaller


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(batches=st.lists(st.lists(records.rejects, max_size=5), max_size=3), source=st.none() | records.names)
def test_rejects_are_read_back_as_written(
    connection: psycopg.Connection, call: AsyncCaller, batches: list[list[Reject]], source: str | None
) -> None:
    connection.execute("TRUNCATE rejects")
    expected: dict[object, Reject] = {}
    for batch in batches:
        known = len(expected)
        for reject in batch:
            expected.setdefault((reject.source, reject.position, reject.reason, reject.raw), reject)
        assert rejects.write(connection, batch) == len(expected) - known
    found = call(rejects.page, limit=99, source=source)
    assert [(r.source, r.position) for r in found] == sorted((r.source, r.position) for r in found)
    assert set(found) == {reject for reject in expected.values() if source in (None, reject.source)}
    assert call(rejects.page, limit=1, source=source) == found[:1]


def test_invalid_text_is_stored_readable(connection: psycopg.Connection, call: AsyncCaller) -> None:
    path = b"caf\xe9.gz".decode(errors="surrogateescape")
    reject = Reject(path, 1, "price 'a\x00b' is not a number", b"a\x00\xff")
    assert rejects.write(connection, [reject, reject]) == 1
    assert call(rejects.page, limit=9) == [Reject("caf?.gz", 1, "price 'a�b' is not a number", b"a\x00\xff")]
