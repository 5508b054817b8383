"""Branch: the two pipelines of one dataflow, each with its own log, clock and account."""

from typing import Final, Literal

Branch = Literal["instruments", "prediction"]
INSTRUMENTS: Final = "instruments"
"""Price-quoted instruments: bars, features, strategies."""
PREDICTION: Final = "prediction"
"""Prediction markets, which pay 1 or 0: wallets, order books, whales and baskets."""
