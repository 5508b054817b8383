"""Reasons: why a signal, a composite or an alert exists, as one sentence.

Long BTCUSDT 5m: breakout up (0.82) and volume spike (0.64), aligned on 3 of 4 frames,
target 61,900.5, stop 61,420.0, expires 2024-08-08 23:55 UTC.
"""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

_WAYS = {1: " up", -1: " down", 0: ""}


class Evidence(NamedTuple):
    """An event of one detector: direction in {-1, 0, 1} and strength in (0, 1]."""

    detector: str
    direction: int
    strength: float


def signal_reason(
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
    """The reason of a signal.

    Parameters
    ----------
    evidence
        The events on the bar of the decision; if empty, the strategy's name is given instead.
    frame_directions
        Direction of each frame, in {-1, 0, 1}.
    cost
        Costs of both sides of this trade, as a fraction of its price; negative if its fee is an assumption, and
        0 if it pays the usual costs.
    """
    paid = f", costs {abs(cost):.2%}".replace("%", " %") if cost else ""
    paid += " with the highest fee, as nobody tells it" if cost < 0.0 else ""
    side = "Long" if direction > 0 else "Short"
    aligned = sum(way == direction for way in frame_directions)
    text = (
        f"{side} {symbol} {timeframe}: {_listed(evidence) or _spaced(strategy)}, "
        f"aligned on {aligned} of {len(frame_directions)} frames, "
        f"target {price(take_profit)}, stop {price(stop_loss)}, expires {expires_at:%Y-%m-%d %H:%M} UTC{paid}"
    )
    return f"{text}; suppressed: {_spaced(suppressed_reason)}." if suppressed_reason else f"{text}."


def composite_reason(
    *,
    symbol: str,
    pattern: str,
    direction: int,
    components: Sequence[str],
    confidence: float,
    statistic: float,
    verb: str = "",
) -> str:
    """The reason of a composite; `verb` says how its components relate, by default that they agree.

    Examples
    --------
    >>> composite_reason(symbol="BTCUSDT", pattern="volume_spike", direction=1,
    ...     components=["breakout", "volume_spike"], confidence=0.612, statistic=4.25)
    'Volume spike on BTCUSDT, long: breakout and volume spike agree, 61 % likely to pay, statistic 4.25.'
    """
    side = {1: ", long", -1: ", short", 0: ""}[direction]
    parts = [_spaced(name) for name in components]
    names = " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
    relation = verb or ("agree" if len(parts) > 1 else "stands alone")
    text = f"{_spaced(pattern).capitalize()} on {symbol}{side}: {names} {relation}, {confidence:.0%}"
    return f"{text.replace('%', ' %')} likely to pay, statistic {statistic:.4g}."


def alert_message(kind: str, subject: str, value: float, bound: float, trades: int) -> str:
    """The message of an alert about a strategy, or about an account, whose name may be empty.

    Examples
    --------
    >>> alert_message("win_streak", "fade", 10.0, float("nan"), 42)
    'fade: 10 wins in a row, 42 trades in all.'
    >>> alert_message("drawdown", "", 0.213, float("nan"), 90)
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
    """A price with six significant digits and at least one decimal.

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
    """The evidence as "A, B and C", in the order given."""
    parts = [f"{_spaced(name)}{_WAYS[way]} ({strength:.2f})" for name, way, strength in evidence]
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def _spaced(name: str) -> str:
    return name.replace("_", " ")
