"""Trades with wallets through whale detection, on one core.

A shard of a thousand markets in which 20,000 wallets trade, a few of them most of the time, at 500 trades per second of
event time, so that tens of thousands of episodes are open. Everything is in memory before the clock starts; the state
machine is called directly. Wallet records are measured separately, since all shards share them.

    python -m benchmarks.whales [--markets N] [--trades N] [--runs N]
"""

import argparse
import time
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import Table, median_rate, publish
from domain.blocks import TRADE, markets_block, trades_block
from domain.clock import MILLISECOND, SECOND
from domain.markets import FeeSchedule, Group, Market, Token
from domain.whale_settings import WhaleSettings
from domain.whales import POSITION, RESOLVED, WHALE, WhaleCounts, WhaleFindings
from operators.grade_wallets import GradeWallets
from operators.spot_whales import SpotWhales

TABLE = Table(
    "whales",
    "Trades to whales",
    ("case", "measured", "target"),
    ("trades/s per core, 8,192 per batch", "trades/s per core, 64 per batch", "episodes/s into wallet records"),
)
START = 1_767_225_600 * SECOND
WALLETS = 20_000
RESOLVED_SHARE = 0.02


def markets(count: int) -> list[Group]:
    """Groups of one market."""
    free = FeeSchedule(kind="none")
    return [
        Group(
            name=f"sim:g{number}",
            slug="",
            title="",
            kind="single",
            markets=(
                Market(
                    name=f"sim:{number}",
                    slug="",
                    question="",
                    group=f"sim:g{number}",
                    yes=Token(name=f"sim:{number}:yes", outcome="Yes"),
                    no=Token(name=f"sim:{number}:no", outcome="No"),
                    fees=free,
                    tick=Decimal("0.01"),
                    minimum_size=Decimal(5),
                    mirrored=True,
                ),
            ),
        )
        for number in range(count)
    ]


def trades(groups: list[Group], count: int, seed: int = 1) -> NDArray[Any]:
    """Rows of TRADE; sizes as those recorded: half under 20 dollars, one in a hundred over a thousand."""
    rng = np.random.default_rng(seed)
    tokens = np.array([token.instrument for each in groups for token in (each.markets[0].yes, each.markets[0].no)])
    rows = np.zeros(count, TRADE)
    rows["ts"] = START + np.arange(count) * 2 * MILLISECOND
    rows["instrument"] = tokens[rng.zipf(1.3, count) % tokens.size]
    rows["wallet"] = 1 + rng.zipf(1.2, count) % WALLETS
    rows["price"] = np.round(rng.uniform(0.02, 0.98, count), 2)
    rows["size"] = np.round(rng.lognormal(3.7, 1.8, count), 2) + 0.01
    rows["side"] = rng.choice([-1, 1], count)
    rows["id"] = -2 - rng.permutation(count)
    return rows


def run(groups: list[Group], rows: NDArray[Any], batch: int) -> tuple[float, NDArray[Any]]:
    """Seconds for all trades, and what was told."""
    machine = SpotWhales(WhaleSettings())
    machine.on_batch([markets_block(groups)])
    blocks = [trades_block(rows[at : at + batch]) for at in range(0, rows.size, batch)]
    found = []
    began = time.perf_counter()
    for block in blocks:
        found += machine.on_batch([block])[0]
    return time.perf_counter() - began, np.concatenate([each.rows for each in found])


def record(count: int) -> float:
    """Seconds to take positions into records, some of whose markets are resolved in between."""
    rng = np.random.default_rng(3)
    rows = np.zeros(count, POSITION)
    rows["ts"], rows["wallet"] = START + np.arange(count), rng.integers(1, WALLETS, count)
    rows["market"], rows["contracts"] = rng.integers(1, 1_000, count), 100.0
    rows["paid"], rows["answer"] = rng.uniform(2.0, 98.0, count), rng.choice([-1, 1], count)
    rows["kind"] = (rng.random(count) < RESOLVED_SHARE) * RESOLVED
    machine = GradeWallets(WhaleSettings())
    found = WhaleFindings(START + count, np.empty(0, WHALE), rows, WhaleCounts())
    began = time.perf_counter()
    machine.on_batch([found])
    return time.perf_counter() - began


def main() -> None:
    """Measure and publish the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--markets", type=int, default=1_000)
    parser.add_argument("--trades", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    groups = markets(options.markets)
    rows = trades(groups, options.trades)
    _, told = run(groups, rows, 8_192)  # compiles, or loads what was compiled
    minutes = (rows["ts"][-1] - rows["ts"][0]) / 60e9
    taken = options.trades // 10
    rates = (
        median_rate(lambda: run(groups, rows, 8_192)[0], rows.size, options.runs),
        median_rate(lambda: run(groups, rows, 64)[0], rows.size, options.runs),
        median_rate(lambda: record(taken), taken, options.runs),
    )
    publish(
        TABLE,
        list(zip(TABLE.rows, rates, (1_000_000, None, None), strict=True)),
        [
            f"{rows.size:,} trades of {WALLETS:,} wallets in {len(groups):,} markets over {minutes:.0f} minutes",
            f"{told.size:,} whale, consensus and disagreement rows, emitted or suppressed",
            f"one in {1 / RESOLVED_SHARE:.0f} of {taken:,} positions is a resolution; medians of {options.runs}",
        ],
    )


if __name__ == "__main__":
    main()
