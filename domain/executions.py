"""Execution: the paper trade of an emitted signal, from the decision to its end.

A row is written when something about a trade changes: it is planned at the decision, opened at the
first price after it, and closed with its outcome. The newest row of a trade is the truth.
"""

import numpy as np

PLANNED, OPEN, WIN, LOSS, EVEN, UNFILLED, SKIPPED = range(7)
STATES = ("planned", "open", "win", "loss", "even", "unfilled", "skipped")
"""A trade is skipped when limits leave it no size; unfilled when nothing traded until it expired."""

SKIP_REASONS = ("", "max_open_positions", "no_edge", "no_equity")

EXECUTION = np.dtype(
    [
        ("ts", "<i8"),  # decision instant of the signal
        ("at", "<i8"),  # event time of this change
        ("instrument", "<i8"),
        ("strategy", "<i2"),
        ("direction", "i1"),
        ("state", "u1"),  # index into STATES
        ("skipped", "u1"),  # index into SKIP_REASONS
        ("outcome", "u1"),  # index into OUTCOMES once closed; 255 until then
        ("regime", "<i2"),  # index into REGIMES, at the decision
        ("probability", "<f8"),  # calibrated, at the decision
        ("entry_at", "<i8"),  # 0 if not entered
        ("exit_at", "<i8"),  # 0 while open
        ("entry_price", "<f8"),  # as planned until it is filled
        ("exit_price", "<f8"),  # NaN while open
        ("shares", "<f8"),  # base units, 0 if skipped
        ("notional", "<f8"),  # quote units at the entry
        ("risk", "<f8"),  # quote units lost at the stop, costs included
        ("fees", "<f8"),  # quote units, both sides, slippage included; 0 while open
        ("pnl", "<f8"),  # quote units, net; NaN while open
        ("pnl_pct", "<f8"),  # of the notional, net; NaN while open
        ("pnl_r", "<f8"),  # in units of the planned risk, net; NaN while open
        ("equity", "<f8"),  # of the account after this change, realised
    ]
)

EQUITY = np.dtype(
    [
        ("day", "<i8"),  # 00:00 UTC at which it was marked
        ("equity", "<f8"),  # open positions at the last close
        ("return", "<f8"),  # of the day, (-1, inf)
        ("drawdown", "<f8"),  # from the highest mark so far, [-1, 0]
        ("open_positions", "<i8"),
        ("gross_exposure", "<f8"),  # sum of notionals over equity
    ]
)
"""One row for each UTC day that ended, days without a trade included."""
