"""Branch: the two recipes that run beside each other in one dataflow, each with its log, its clock and its account."""

from typing import Final, Literal

Branch = Literal["instruments", "prediction"]
INSTRUMENTS: Final = "instruments"
"""What is traded for a price: bars, features, strategies."""
PREDICTION: Final = "prediction"
"""What pays 1 or 0 in the end: wallets, order books, whales and baskets."""
