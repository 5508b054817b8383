"""Fixture: an event of three outcomes, its order books, and a state machine fed with them."""

from typing import Any

import numpy as np

from domain.arbitrage import ArbitrageSettings
from domain.blocks import markets_block, quotes_block
from domain.markets import Group
from domain.opportunities import Opportunity
from operators.catalogue import catalogue
from operators.spot_arbitrage import SpotArbitrage
from tests.prediction import group, market, message, polymarket, snapshot

EAGER = ArbitrageSettings(gas=0.0, profit_min=0.0, depth_share=1.0)
NAMES = "abc"
EVENT = group(*(market(name, fees=polymarket("0.04"), mirrored=True) for name in NAMES), exclusive=True)
A_NO, B_NO, C_NO = (f"polymarket:{name}:no" for name in NAMES)
MS = 1_000_000


def machine(*groups: Group, settings: ArbitrageSettings = EAGER, resume: bytes | None = None) -> SpotArbitrage:
    made = SpotArbitrage(settings, catalogue().arbitrages, resume)
    if groups:
        made.on_batch([markets_block(groups)])
    return made


def feed(made: SpotArbitrage, *blocks: Any) -> list[Opportunity]:
    """What is told of blocks, or of rows of quotes."""
    found, _ = made.on_batch([block if isinstance(block, bytes) else quotes_block(block) for block in blocks])
    return [each for one in found for each in one.opportunities]


def changes(found: list[Opportunity]) -> list[tuple[str, str | None]]:
    return [(each.change, each.close_reason) for each in found]


def books(at: int = 0) -> np.ndarray:
    """No costs .60 + .65 + .70 = 1.95 and pays 2."""
    return message(
        snapshot(A_NO, at, {"0.58": "100"}, {"0.60": "40", "0.61": "100"}),
        snapshot(B_NO, at, {"0.63": "100"}, {"0.65": "100"}),
        snapshot(C_NO, at, {"0.68": "100"}, {"0.70": "200"}),
    )


def opened() -> tuple[SpotArbitrage, Opportunity]:
    made = machine(EVENT)
    (found,) = feed(made, books())
    return made, found
