"""Costs: round-trip trading cost as a fraction of the price, as planned and as paid."""

from operators.kernels import kernel

UNITS = 1_000_000


@kernel
def cost_of(candidate, usual):
    """Planned round-trip cost: the candidate's own where its market has a fee schedule, else `usual`."""
    return abs(candidate.cost) / UNITS if candidate.cost else usual


@kernel
def paid_of(cost, outcome):
    """Paid cost: the entry side alone where the position was redeemed at its market's payout.

    Kalshi has no settlement fee, and redeeming on Polymarket needs no order (fee pages of both, 2026-09).
    """
    return 0.5 * cost if outcome.redeemed else cost
