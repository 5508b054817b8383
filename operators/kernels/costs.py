"""Costs: what a trade pays, as a fraction of the price, as it is planned and when it has ended."""

from operators.kernels import kernel

UNITS = 1_000_000


@kernel
def cost_of(candidate, usual):
    """Of both sides: its own where its market has a fee schedule, or what is usual."""
    return abs(candidate.cost) / UNITS if candidate.cost else usual


@kernel
def paid_of(cost, outcome):
    """What is paid of the cost of both sides: that of the entry alone where the market paid it out.

    Kalshi has no settlement fee, and who redeems on Polymarket takes no order (fee pages of both, 2026-09).
    """
    return 0.5 * cost if outcome.redeemed else cost
