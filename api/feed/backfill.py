"""Backfill: the address at which REST tells what a stream could not deliver."""

from datetime import datetime, timedelta
from urllib.parse import urlencode

from api.feed.filters import Filter

OVERLAP = timedelta(minutes=10)
"""What shards conclude is pushed in the order in which they finish it, which is not quite that of its times; a
shard that lags falls behind by seconds. The address therefore asks for more on both sides; what a client
has already is known by its id, and by its revision if it has one."""


def link(channel: str, filter_: Filter, since: datetime | None, until: datetime | None) -> str | None:
    """The first page of what was missed; later pages follow from its `next_cursor`.

    Parameters
    ----------
    channel, filter_
        The subscription. Conditions on several values are left to the client, and so are all of them where REST
        has no such filter.
    since, until
        Times of the messages before and after the gap; None if unknown.

    Returns
    -------
    str or None
        A path with its query, or None for channels that REST does not serve yet.

    Examples
    --------
    >>> from datetime import UTC
    >>> link("signals", Filter(symbols=frozenset({"BTCUSDT"})), datetime(2026, 11, 20, 12, tzinfo=UTC), None)
    '/api/v1/signals?limit=1000&since=2026-11-20T11%3A50%3A00Z&symbol=BTCUSDT'
    """
    if channel == "arbitrage":
        # Whatever changed then is among what changed since; how it stands now says all that was missed of it.
        changed = {} if since is None else {"changed_since": _instant(since - OVERLAP)}
        return f"/api/v1/arbitrage/opportunities?{urlencode({'limit': 1000, 'status': 'all', **changed})}"
    if channel != "signals":
        return None
    query: dict[str, object] = {"limit": 1000}
    if since is not None:
        query["since"] = _instant(since - OVERLAP)
    if until is not None:
        query["until"] = _instant(until + OVERLAP)
    several = {"symbol": filter_.symbols, "direction": filter_.direction, "timeframe": filter_.timeframes}
    query |= {name: next(iter(values)) for name, values in several.items() if values is not None and len(values) == 1}
    if filter_.min_confidence is not None:
        query["min_confidence"] = filter_.min_confidence
    if filter_.mtf_aligned is not None:
        query["mtf_aligned"] = str(filter_.mtf_aligned).lower()
    return f"/api/v1/signals?{urlencode(query)}"


def _instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
