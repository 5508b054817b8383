"""Graded: every candidate that ended, with what was thought of it at its decision."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.executions import EVEN, LOSS, WIN
from domain.slices import EMITTED
from flows.backtesting.gather import Gathered

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
        ("traded", "?"),  # the paper account had room for it, and it was filled
        ("scored", "?"),  # the probability is calibrated
        ("probability", "<f8"),  # as stated at the decision
        ("result", "<f8"),  # in R, net of costs; NaN if never entered
        ("cost", "<f8"),  # in R; NaN if never entered
    ]
)

KEY = ("instrument", "strategy", "ts", "direction")


def graded(given: Gathered, cost: float) -> Rows:
    """GRADED rows in the order in which results became known.

    Parameters
    ----------
    given
        A whole run.
    cost
        Of both sides of a trade, as a fraction of the price.
    """
    decisions, outcomes = given.decisions, given.outcomes
    place = {key: at for at, key in enumerate(_keys(decisions))}
    thought = decisions[[place[key] for key in _keys(outcomes)]]
    done = given.executions[np.isin(given.executions["state"], (WIN, LOSS, EVEN))]
    traded = set(_keys(done))
    out = np.zeros(outcomes.size, GRADED)
    for name in ("ts", "exit_at", "instrument", "strategy", "direction", "outcome"):
        out[name] = outcomes[name]
    for name in ("regime", "reason", "scored", "probability"):
        out[name] = thought[name]
    out["emitted"] = thought["status"] == EMITTED
    out["traded"] = [key in traded for key in _keys(outcomes)]
    out["result"] = outcomes["return_r"]
    out["cost"] = cost * outcomes["entry_price"] / thought["risk"]
    return out


def _keys(rows: Rows) -> list[tuple[int, ...]]:
    return list(zip(*(rows[name].tolist() for name in KEY), strict=True))
