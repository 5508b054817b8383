"""Fees: exact taker fees of an order.

Polymarket charges each fill C r (p (1 - p))^e and rounds to five decimals; fees below 0.00001 are waived
(docs.polymarket.com, trading/fees, 2026-10). Kalshi charges an order the sum of 0.07 m C P (1 - P) over its fills,
rounded up to the next cent (Kalshi fee schedule, 2026-09). Exchanges charge a fraction of the notional. Amounts are
Decimal here; the hot path has the same formulas in `operators.kernels.basket`.
"""

from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from domain.markets import FeeSchedule

KALSHI_RATE = Decimal("0.07")
HIGHEST_POLYMARKET_RATE = Decimal("0.07")
"""Rate of crypto markets; others have 0.04, 0.05 or no fee (Polymarket fee schedule, 2026-10)."""
HIGHEST_NOTIONAL_RATE = Decimal("0.01")
"""Above the rate of the larger exchanges for a small account (Coinbase 60 basis points, 2026)."""

_FIFTH_DECIMAL = Decimal("0.00001")
_CENT = Decimal("0.01")


def order_fee(schedule: FeeSchedule, fills: Iterable[tuple[Decimal, Decimal]]) -> Decimal:
    """Taker fee of one order.

    Parameters
    ----------
    schedule
        Fee schedule of the market.
    fills
        (price, size) of each fill, in dollars and contracts.

    Returns
    -------
    Decimal
        Dollars, at least 0.

    Examples
    --------
    >>> crypto = FeeSchedule(kind="polymarket", rate=Decimal("0.07"))
    >>> order_fee(crypto, [(Decimal("0.64"), Decimal(25))])
    Decimal('0.40320')
    >>> order_fee(FeeSchedule(kind="kalshi"), [(Decimal("0.43"), Decimal(100))])
    Decimal('1.72')
    """
    if schedule.kind == "none":
        return Decimal(0)
    charges = [_charge(schedule, price, size) for price, size in fills]
    if schedule.kind == "polymarket":
        return sum(map(_rounded, charges), Decimal(0))
    total = sum(charges, Decimal(0))
    return total.quantize(_CENT, ROUND_CEILING) if schedule.kind == "kalshi" else total


def marginal_fee(schedule: FeeSchedule, price: Decimal) -> Decimal:
    """Fee of one additional contract at `price`, before rounding."""
    return _charge(schedule, price, Decimal(1))


def highest(venue: str) -> FeeSchedule:
    """Fee schedule to assume where it is unknown: the highest of the venue.

    Examples
    --------
    >>> highest("polymarket")
    FeeSchedule(kind='polymarket', rate=Decimal('0.07'), exponent=Decimal('1'), multiplier=Decimal('1'), assumed=True)
    """
    if venue == "polymarket":
        return FeeSchedule(kind="polymarket", rate=HIGHEST_POLYMARKET_RATE, assumed=True)
    if venue == "kalshi":
        return FeeSchedule(kind="kalshi", assumed=True)
    return FeeSchedule(kind="notional", rate=HIGHEST_NOTIONAL_RATE, assumed=True)


def _charge(schedule: FeeSchedule, price: Decimal, size: Decimal) -> Decimal:
    """Fee of one fill before rounding."""
    if schedule.kind == "none":
        return Decimal(0)
    if schedule.kind == "notional":
        return schedule.rate * price * size
    spread = price * (1 - price)
    if schedule.kind == "kalshi":
        return schedule.multiplier * KALSHI_RATE * size * spread
    return size * schedule.rate * (spread if schedule.exponent == 1 else spread**schedule.exponent)


def _rounded(charge: Decimal) -> Decimal:
    return charge.quantize(_FIFTH_DECIMAL, ROUND_HALF_UP) if charge >= _FIFTH_DECIMAL else Decimal(0)
