"""Backfill: the address at which REST tells what a stream could not deliver."""

from datetime import datetime, timedelta
from urllib.parse import urlencode

from api.messages import Filter

OVERLAP = timedelta(minutes=10)
"""Signals are pushed in the order in which shards finish them, which is not quite that of their times; a
shard that lags falls behind by seconds. The address therefore asks for more on both sides; what a client
has already is known by its id."""


def address(channel: str, wanted: Filter, since: datetime | None, until: datetime | None) -> str | None:
    """The first page of what was missed; later pages follow from its `next_cursor`.

    Parameters
    ----------
    channel, wanted
        The subscription. Conditions on several values are left to the client.
    since, until
        Times of the messages before and after the gap; None if unknown.

    Returns
    -------
    str or None
        A path with its query, or None for channels that REST does not serve yet.

    Examples
    --------
    >>> from datetime import UTC
    >>> address("signals", Filter(symbols=frozenset({"BTCUSDT"})), datetime(2026, 11, 20, 12, tzinfo=UTC), None)
    '/api/v1/signals?limit=1000&since=2026-11-20T11%3A50%3A00Z&symbol=BTCUSDT'
    """
    if channel != "signals":
        return None
    query: dict[str, object] = {"limit": 1000}
    if since is not None:
        query["since"] = _instant(since - OVERLAP)
    if until is not None:
        query["until"] = _instant(until + OVERLAP)
    several = {"symbol": wanted.symbols, "direction": wanted.direction, "timeframe": wanted.timeframes}
    query |= {name: next(iter(values)) for name, values in several.items() if values is not None and len(values) == 1}
    if wanted.min_confidence is not None:
        query["min_confidence"] = wanted.min_confidence
    if wanted.mtf_aligned is not None:
        query["mtf_aligned"] = str(wanted.mtf_aligned).lower()
    return f"/api/v1/signals?{urlencode(query)}"


def _instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
