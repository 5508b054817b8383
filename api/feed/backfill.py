"""Backfill: the REST path that returns the messages which a stream could not deliver."""

from datetime import datetime, timedelta
from urllib.parse import urlencode

from api.feed.filters import Filter

OVERLAP = timedelta(minutes=10)
"""Messages are published in the order in which shards finish them, which is not quite that of their times; a shard
that lags is seconds behind. The query therefore covers more time on both sides; a client recognises what it has
already by its id, and by its revision if it has one."""


def link(channel: str, filter_: Filter, since: datetime | None, until: datetime | None) -> str | None:
    """The path of the first page of missed messages; later pages follow from its `next_cursor`.

    Parameters
    ----------
    channel, filter_
        The subscription. Conditions with several values are left to the client, and so are conditions that the REST
        endpoint has no parameter for.
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
        # What changed in the gap is among what changed since, and its present state makes up for the missed ones.
        changed = {} if since is None else {"changed_since": _rfc3339(since - OVERLAP)}
        return f"/api/v1/arbitrage/opportunities?{urlencode({'limit': 1000, 'status': 'all', **changed})}"
    if channel != "signals":
        return None
    query: dict[str, object] = {"limit": 1000}
    if since is not None:
        query["since"] = _rfc3339(since - OVERLAP)
    if until is not None:
        query["until"] = _rfc3339(until + OVERLAP)
    multiple = {"symbol": filter_.symbols, "direction": filter_.direction, "timeframe": filter_.timeframes}
    query |= {name: next(iter(values)) for name, values in multiple.items() if values is not None and len(values) == 1}
    if filter_.min_confidence is not None:
        query["min_confidence"] = filter_.min_confidence
    if filter_.mtf_aligned is not None:
        query["mtf_aligned"] = str(filter_.mtf_aligned).lower()
    return f"/api/v1/signals?{urlencode(query)}"


def _rfc3339(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
