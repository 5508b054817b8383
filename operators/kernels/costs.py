"""Costs: what a candidate pays for both sides of its trade, as a fraction of the price."""

from operators.kernels import kernel

UNITS = 1_000_000


@kernel
def cost_of(candidate, usual):
    """Its own where its market has a fee schedule, or what is usual."""
    return abs(candidate.cost) / UNITS if candidate.cost else usual
