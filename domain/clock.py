"""Event time: int64 nanoseconds since 1970-01-01 UTC, and its only conversions.

Nothing here reads a clock. Time comes from the data.

Examples
--------
>>> iso(1_723_161_300_000_000_000)
'2024-08-08T23:55:00Z'
>>> parse_iso("2024-08-08T23:55:00.25Z")
1723161300250000000
"""

from datetime import UTC, datetime, timedelta

MICROSECOND = 1_000
MILLISECOND = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_datetime(at_ns: int) -> datetime:
    """The instant as an aware datetime, cut to microseconds (what Postgres keeps)."""
    return _EPOCH + timedelta(microseconds=at_ns // MICROSECOND)


def from_datetime(at: datetime) -> int:
    """Nanoseconds of an aware datetime.

    Raises
    ------
    ValueError
        If `at` carries no time zone: a naive time is a guess.
    """
    if at.tzinfo is None:
        raise ValueError(f"time {at.isoformat()!r} has no zone; write it with Z or an offset")
    return (at - _EPOCH) // timedelta(microseconds=1) * MICROSECOND


def iso(at_ns: int) -> str:
    """RFC 3339 in UTC with as many decimals as the instant needs (none, or six)."""
    return to_datetime(at_ns).isoformat().replace("+00:00", "Z")


def parse_iso(text: str) -> int:
    """Nanoseconds of an RFC 3339 time; a time without a zone is read as UTC."""
    at = datetime.fromisoformat(text)
    return from_datetime(at if at.tzinfo else at.replace(tzinfo=UTC))
