"""Reason: why there is a signal, in one plain sentence.

Long BTCUSDT 5m: breakout up (0.82) and volume spike (0.64), aligned on 3 of 4 frames,
target 61,900.5, stop 61,420.0, expires 2024-08-08 23:55 UTC.
"""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

_WAYS = {1: " up", -1: " down", 0: ""}


class Evidence(NamedTuple):
    """What one detector noticed: direction in {-1, 0, 1} and strength in (0, 1]."""

    detector: str
    direction: int
    strength: float


def sentence(
    *,
    symbol: str,
    timeframe: str,
    strategy: str,
    direction: int,
    evidence: Sequence[Evidence],
    frame_directions: Sequence[int],
    take_profit: float,
    stop_loss: float,
    expires_at: datetime,
    suppressed_reason: str | None,
    cost: float = 0.0,
) -> str:
    """The sentence.

    Parameters
    ----------
    evidence
        The events on the bar that was decided on. Without any, the strategy's name stands for them.
    frame_directions
        Where each frame points, in {-1, 0, 1}.
    cost
        What this trade pays on both sides, as a fraction of its price; below 0 if the fee in it is assumed, and
        0 if it pays what all do.
    """
    paid = f", costs {abs(cost):.2%}".replace("%", " %") if cost else ""
    paid += " with the highest fee, as nobody tells it" if cost < 0.0 else ""
    side = "Long" if direction > 0 else "Short"
    aligned = sum(way == direction for way in frame_directions)
    words = (
        f"{side} {symbol} {timeframe}: {_listed(evidence) or _spoken(strategy)}, "
        f"aligned on {aligned} of {len(frame_directions)} frames, "
        f"target {price(take_profit)}, stop {price(stop_loss)}, expires {expires_at:%Y-%m-%d %H:%M} UTC{paid}"
    )
    return f"{words}; suppressed: {_spoken(suppressed_reason)}." if suppressed_reason else f"{words}."


def belonging(
    *,
    symbol: str,
    pattern: str,
    direction: int,
    components: Sequence[str],
    confidence: float,
    statistic: float,
    verb: str = "",
) -> str:
    """Why signals belong together; `verb` says what they do.

    Examples
    --------
    >>> belonging(symbol="BTCUSDT", pattern="volume_spike", direction=1,
    ...     components=["breakout", "volume_spike"], confidence=0.612, statistic=4.25)
    'Volume spike on BTCUSDT, long: breakout and volume spike agree, 61 % likely to pay, statistic 4.25.'
    """
    side = {1: ", long", -1: ", short", 0: ""}[direction]
    parts = [_spoken(name) for name in components]
    told = " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
    does = verb or ("agree" if len(parts) > 1 else "stands alone")
    words = f"{_spoken(pattern).capitalize()} on {symbol}{side}: {told} {does}, {confidence:.0%}".replace("%", " %")
    return f"{words} likely to pay, statistic {statistic:.4g}."


def alarm(kind: str, subject: str, value: float, bound: float, trades: int) -> str:
    """What an alert says of a strategy, or of an account, whose name may be empty.

    Examples
    --------
    >>> alarm("win_streak", "fade", 10.0, float("nan"), 42)
    'fade: 10 wins in a row, 42 trades in all.'
    >>> alarm("drawdown", "", 0.213, float("nan"), 90)
    'The paper account is 21.3 % under its highest value, after 90 trades.'
    """
    match kind:
        case "win_streak" | "loss_streak":
            what = "wins" if kind == "win_streak" else "losses"
            return f"{subject}: {value:.0f} {what} in a row, {trades} trades in all."
        case "drawdown":
            account = f"{subject} account" if subject else "account"
            return f"The paper {account} is {100.0 * value:.1f} % under its highest value, after {trades} trades."
        case "degraded":
            return (
                f"{subject} no longer earns: its recent mean is {value:.2f} R, "
                f"below {bound:.2f} R with 95 % confidence, after {trades} trades."
            )
    return f"{subject} earns again: its recent mean is {value:.2f} R, after {trades} trades."


def price(value: float) -> str:
    """A price to six figures, with at least one decimal.

    Examples
    --------
    >>> price(61900.5), price(0.0000123456789), price(1.25)
    ('61,900.5', '0.0000123457', '1.25')
    """
    figures = 5 - math.floor(math.log10(abs(value))) if value else 1
    decimals = min(max(1, figures), 20)
    whole, _, rest = f"{value:,.{decimals}f}".partition(".")
    return f"{whole}.{rest.rstrip('0') or '0'}"


def _listed(evidence: Sequence[Evidence]) -> str:
    """A, B and C, in the order given."""
    parts = [f"{_spoken(name)}{_WAYS[way]} ({strength:.2f})" for name, way, strength in evidence]
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def _spoken(name: str) -> str:
    return name.replace("_", " ")
