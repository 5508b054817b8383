"""Deterministic ids: pure functions of their subjects, so that a replay reproduces them.

They use no clock, counter or random number: the same log gives the same ids on every machine.
"""

from hashlib import blake2b


def signal_id(instrument: str, timeframe: str, strategy: str, direction: int, decided_ns: int) -> str:
    """The id of one candidate of one strategy at one decision instant: 32 hex digits.

    Examples
    --------
    >>> signal_id("binance:BTCUSDT", "5m", "breakout", 1, 1_723_161_300_000_000_000)
    'f317ac40c85a09eee2e631720a77b947'
    """
    return _digest("signal", instrument, timeframe, strategy, direction, decided_ns)


def event_id(instrument: str, timeframe: str, detector: str, at_ns: int) -> str:
    """The id of one detector's event on one bar: 32 hex digits."""
    return _digest("event", instrument, timeframe, detector, at_ns)


def execution_id(signal: str) -> str:
    """The id of the paper trade of a signal: 32 hex digits."""
    return _digest("execution", signal)


def composite_id(instrument: str, pattern: str, direction: int, decided_ns: int) -> str:
    """The id of one composite of one pattern at one instant: 32 hex digits."""
    return _digest("composite", instrument, pattern, direction, decided_ns)


def evidence_id(instrument: str, kind: str, direction: int, at_ns: int) -> str:
    """The id of other evidence in a composite, such as a whale: 32 hex digits."""
    return _digest("evidence", instrument, kind, direction, at_ns)


def opportunity_id(kind: str, group: str, key: str, opened_ns: int) -> str:
    """The id of one opportunity of a basket in a group, from its opening to its settlement: 32 hex digits."""
    return _digest("opportunity", kind, group, key, opened_ns)


def whale_id(kind: str, market: int, token: int, wallet: int, side: int, opened_ns: int) -> str:
    """The id of one episode, consensus or disagreement, constant as it grows: 32 hex digits."""
    return _digest(kind, market, token, wallet, side, opened_ns)


def alert_id(kind: str, subject: str, at_ns: int, count: int) -> str:
    """The id of one alert about a strategy or the account: 32 hex digits."""
    return _digest("alert", kind, subject, at_ns, count)


def trade_fingerprint(*parts: str) -> int:
    """Numeric id of a trade without an increasing id of its own: always below `domain.blocks.NO_ID`.

    Equal parts identify the same trade. Fingerprints do not reflect the order of trades.

    Examples
    --------
    >>> trade_fingerprint("transaction", "token", "wallet", "BUY", "0.5", "20") < -1
    True
    """
    return -2 - (int.from_bytes(blake2b("|".join(parts).encode(), digest_size=8).digest(), "big") >> 2)


def _digest(*parts: str | int) -> str:
    return blake2b("|".join(map(str, parts)).encode(), digest_size=16).hexdigest()
