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
def test_address_is_one_that_rest_understands_and_leaves_nothing_out(
    wanted: Filter, since: datetime | None, until: datetime | None
) -> None:
    address_ = link("signals", wanted, since, until)
    assert address_ is not None
    parts = urlsplit(address_)
    chosen = parse(SignalsQuery, parts.query.encode())
    assert parts.path == "/api/v1/signals"
    assert chosen.since == (since and since - OVERLAP)
    assert chosen.until == (until and until + OVERLAP)
    assert (chosen.min_confidence, chosen.mtf_aligned) == (wanted.min_confidence, wanted.mtf_aligned)
    for one, several in ((chosen.symbol, wanted.symbols), (chosen.direction, wanted.direction)):
        assert one is None or list(several or ()) == [one]


@given(instants, instants)
def test_all_opportunities_that_changed_are_asked_for(since: datetime | None, until: datetime | None) -> None:
    address_ = link("arbitrage", Filter(symbols=frozenset({"A"})), since, until)
    assert address_ is not None
    parts = urlsplit(address_)
    chosen = parse(OpportunitiesQuery, parts.query.encode())
    assert parts.path == PATH
    assert chosen == OpportunitiesQuery(limit=1000, status="all", changed_since=since and since - OVERLAP)


def test_channels_that_rest_does_not_serve_have_none() -> None:
    assert link("alerts", Filter(), None, None) is None
