"""Recorded 5-minute markets: where both answers cost less than a dollar, and what was left after fees and depth.

Of each book the recording keeps the best ask and the average prices of 5, 20 and 50. They are read as
contracts, which for dollars errs to the careful side. The fee is that of crypto markets, 7 %.
"""

import gzip
import json
from decimal import Decimal as D
from typing import Any

import numpy as np

from domain.arbitrage import ArbitrageSettings
from domain.blocks import markets_block, quotes_block
from domain.clock import SECOND
from domain.fees import marginal_fee
from domain.markets import Group
from domain.opportunities import Opportunity
from operators.catalogue import catalogue
from operators.spot_arbitrage import SpotArbitrage
from tests.prediction import group, market, message, polymarket, snapshot
from tests.recordings import recording

CRYPTO = polymarket("0.07")
SETTINGS = ArbitrageSettings(gas=0.0, profit_min=0.0, depth_share=1.0, edge_min=0.0)
UP, DOWN = "polymarket:btc:yes", "polymarket:btc:no"
SIZES = (5, 20, 50)


def windows() -> list[dict[str, Any]]:
    with gzip.open(recording("polymarket/ladder.jsonl.gz"), "rt") as lines:
        return [json.loads(line) for line in lines]


def asks(side: dict[str, Any]) -> dict[str, str]:
    """The levels that average to what was recorded, to a ten-thousandth."""
    if side["ask"] is None:
        return {}
    levels: dict[str, str] = {}
    size, cost, worst = 0, D(0), D(str(side["ask"]))
    for whole in SIZES:
        if side[f"vwap{whole}"] is None:
            break
        spent = D(str(side[f"vwap{whole}"])) * whole
        price = max(worst, ((spent - cost) / (whole - size)).quantize(D("0.0001")))
        levels[str(price)] = str(D(levels.get(str(price), 0)) + whole - size)
        size, cost, worst = whole, spent, price
    return levels


def books(sample: dict[str, Any], at: int) -> np.ndarray:
    return message(*(snapshot(token, at, {}, asks(sample[side])) for token, side in ((UP, "up"), (DOWN, "down"))))


def told(among: Group, *messages: np.ndarray, rule: ArbitrageSettings = SETTINGS) -> list[Opportunity]:
    machine = SpotArbitrage(rule, catalogue().arbitrages)
    machine.on_batch([markets_block([among])])
    found = [machine.on_batch([quotes_block(rows)])[0] for rows in messages]
    return [each for batch in found for one in batch for each in one.opportunities]


def binary(*, mirrored: bool) -> Group:
    return group(market("btc", fees=CRYPTO, mirrored=mirrored, tick=D("0.001")), kind="single")


def under_a_dollar(sample: dict[str, Any]) -> bool:
    up, down = sample["up"]["ask"], sample["down"]["ask"]
    return up is not None and down is not None and D(str(up)) + D(str(down)) < 1


TEN = [
    # window, seconds to its end, both asks, fees and what is left of the first set; sets that pay and their net
    (1785106200, 90, "0.99", "0.01735", "-0.00735", None),
    (1785122100, 45, "0.98", "0.03486", "-0.01486", None),
    (1785127200, 45, "0.993", "0.00479", "0.00221", ("20", "0.04097")),
    (1785129600, 60, "0.995", "0.00621", "-0.00121", None),
    (1785136500, 45, "0.98", "0.01145", "0.00855", ("5", "0.04274")),
    (1785136500, 30, "0.93", "0.02710", "0.04290", ("5", "0.21451")),
    (1785139800, 45, "0.98", "0.03045", "-0.01045", None),
    (1785141600, 45, "0.99", "0.03421", "-0.02421", None),
    (1785150900, 20, "0.94", "0.00652", "0.05348", ("50", "2.6738")),
    (1785163800, 60, "0.98", "0.03045", "-0.01045", None),
]


def samples() -> list[tuple[int, dict[str, Any]]]:
    return [(window["window_ts"], sample) for window in windows() for sample in window["samples"]]


def judged(window: int, sample: dict[str, Any]) -> tuple[Any, ...]:
    up, down = (D(str(sample[side]["ask"])) for side in ("up", "down"))
    fees = marginal_fee(CRYPTO, up) + marginal_fee(CRYPTO, down)
    paying = told(binary(mirrored=False), books(sample, 0))
    left = (str(paying[0].size), str(paying[0].net)) if paying else None
    return window, sample["offset"], str(up + down), f"{fees:.5f}", f"{1 - up - down - fees:.5f}", left


def test_ten_samples_cost_less_than_a_dollar_and_four_of_them_still_do_after_fees() -> None:
    every = samples()
    assert len(every) == 1_419
    assert [judged(window, sample) for window, sample in every if under_a_dollar(sample)] == TEN


def test_no_other_sample_pays() -> None:
    found = [told(binary(mirrored=False), books(sample, 0)) for _, sample in samples() if not under_a_dollar(sample)]
    assert not any(found)


def test_one_of_the_ten_is_confirmed_by_a_second_sighting() -> None:
    """The two books mirror each other, so a pair under a dollar is first of all a fault of the feed."""
    believed = []
    for window in windows():
        sent = [books(sample, int((300 + sample["t"]) * SECOND)) for sample in window["samples"]]
        believed += [(window["window_ts"], each.change, each.net) for each in told(binary(mirrored=True), *sent)]
    assert believed == [(1785136500, change, D("0.21451")) for change in ("opened", "settled", "closed")]


def test_one_of_the_ten_opens_with_default_settings() -> None:
    """Half of what is visible, two cents of gas, and ten cents at least."""
    shipped = [told(binary(mirrored=False), books(sample, 0), rule=ArbitrageSettings()) for _, sample in samples()]
    (one,) = [each for found in shipped for each in found]
    assert (one.size, one.net, one.risk.grade) == (25, D("1.3169"), "B")
    assert one.risk.reasons == ["an unmatched leg could not be unwound"], "no bids were kept"
