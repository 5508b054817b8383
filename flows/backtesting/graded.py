"""Graded: join every candidate that ended with its assessment at the decision."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.executions import EVEN, LOSS, WIN
from domain.slices import EMITTED
from flows.backtesting.run_results import RunResults

Rows = NDArray[Any]

GRADED = np.dtype(
    [
        ("ts", "<i8"),  # the decision
        ("exit_at", "<i8"),  # when its result was known
        ("instrument", "<i8"),
        ("strategy", "<i8"),
        ("direction", "<i8"),
        ("outcome", "<i8"),  # index into OUTCOMES
        ("regime", "<i8"),  # index into REGIMES, at the decision
        ("reason", "<i8"),  # index into SUPPRESSED_REASONS
        ("emitted", "?"),
        ("traded", "?"),  # the paper account opened a position for it, and it was filled
        ("scored", "?"),  # the probability is calibrated
        ("probability", "<f8"),  # as stated at the decision
        ("result", "<f8"),  # in R, net of costs; NaN if never entered
        ("cost", "<f8"),  # in R; NaN if never entered
    ]
)

KEY = ("instrument", "strategy", "ts", "direction")


def graded(given: RunResults, cost: float) -> Rows:
    """GRADED rows in the order of their outcomes.

    Parameters
    ----------
    given
        Results of a whole run.
    cost
        Costs of both sides of a trade, as a fraction of the price.
    """
    decisions, outcomes = given.decisions, given.outcomes
    row_of = {key: at for at, key in enumerate(_keys(decisions))}
    decision = decisions[[row_of[key] for key in _keys(outcomes)]]
    closed = given.executions[np.isin(given.executions["state"], (WIN, LOSS, EVEN))]
    traded = set(_keys(closed))
    out = np.zeros(outcomes.size, GRADED)
    for name in ("ts", "exit_at", "instrument", "strategy", "direction", "outcome"):
        out[name] = outcomes[name]
    for name in ("regime", "reason", "scored", "probability"):
        out[name] = decision[name]
    out["emitted"] = decision["status"] == EMITTED
    out["traded"] = [key in traded for key in _keys(outcomes)]
    out["result"] = outcomes["return_r"]
    out["cost"] = cost * outcomes["entry_price"] / decision["risk"]
    return out


def _keys(rows: Rows) -> list[tuple[int, ...]]:
    return list(zip(*(rows[name].tolist() for name in KEY), strict=True))
