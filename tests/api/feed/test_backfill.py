from datetime import UTC, datetime
from urllib.parse import urlsplit

from hypothesis import given
from hypothesis import strategies as st

from api.endpoints.arbitrage import PATH, OpportunitiesQuery
from api.endpoints.signals import SignalsQuery
from api.feed.backfill import OVERLAP, link
from api.feed.filters import Filter
from api.rest.params import parse

instants = st.none() | st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


@given(
    st.builds(
        Filter,
        symbols=st.none() | st.frozensets(st.sampled_from(["A", "B&C"])),
        direction=st.none() | st.frozensets(st.sampled_from(["long", "short"])),
        timeframes=st.none() | st.frozensets(st.sampled_from(["5m", "60m"])),
        min_confidence=st.none() | st.floats(0, 1),
        mtf_aligned=st.none() | st.booleans(),
    ),
    instants,
    instants,
)
def test_a_link_is_a_valid_request_that_covers_the_gap(
    filter_: Filter, since: datetime | None, until: datetime | None
) -> None:
    path = link("signals", filter_, since, until)
    assert path is not None
    parts = urlsplit(path)
    query = parse(SignalsQuery, parts.query.encode())
    assert parts.path == "/api/v1/signals"
    assert query.since == (since and since - OVERLAP)
    assert query.until == (until and until + OVERLAP)
    assert (query.min_confidence, query.mtf_aligned) == (filter_.min_confidence, filter_.mtf_aligned)
    for value, values in ((query.symbol, filter_.symbols), (query.direction, filter_.direction)):
        assert value is None or list(values or ()) == [value]


@given(instants, instants)
def test_a_link_requests_all_opportunities_that_changed(since: datetime | None, until: datetime | None) -> None:
    path = link("arbitrage", Filter(symbols=frozenset({"A"})), since, until)
    assert path is not None
    parts = urlsplit(path)
    query = parse(OpportunitiesQuery, parts.query.encode())
    assert parts.path == PATH
    assert query == OpportunitiesQuery(limit=1000, status="all", changed_since=since and since - OVERLAP)


def test_channels_without_a_rest_list_have_no_link() -> None:
    assert link("alerts", Filter(), None, None) is None
