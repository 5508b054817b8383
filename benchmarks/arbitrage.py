"""Order book changes through books and arbitrage detection, on one core.

A shard of a thousand groups of five mutually exclusive markets, in the form that a venue sends them: each message
changes one price level of a token's book and the mirrored level of its complement. Prices move so that baskets open
and close occasionally. Everything is in memory before the clock starts; the state machine is called directly, one batch
at a time, and produces complete opportunities: plan, risk and exact amounts.

Detection latency is measured per message, for the messages that opened an opportunity: from the arrival of the block
to the finished opportunity, inside the process.

    python -m benchmarks.arbitrage [--groups N] [--messages N] [--runs N]
"""

import argparse
import statistics
import time
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import Table, median_rate, publish
from domain.arbitrage import ArbitrageSettings
from domain.blocks import markets_block, quotes_block
from domain.clock import MILLISECOND, SECOND
from domain.markets import FeeSchedule, Group, Market, Token
from domain.quotes import ASK, BID, CLEAR, LEVEL, MESSAGE_END, NO_SEQ, PRICE_UNITS, QUOTE, READY, SIZE_UNITS
from operators.catalogue import catalogue
from operators.spot_arbitrage import SpotArbitrage

TABLE = Table(
    "arbitrage",
    "Order book changes to arbitrage opportunities",
    ("case", "measured", "target"),
    (
        "changes/s per core, 256 messages per batch",
        "changes/s per core, one message per batch",
        "detection latency, ms: median",
        "detection latency, ms: p99",
    ),
)
MARKETS = 5
START = 1_767_225_600 * SECOND
FEES = FeeSchedule(kind="polymarket", rate=Decimal("0.04"))
CENT, LEVELS = PRICE_UNITS // 100, 8


def groups(count: int) -> list[Group]:
    """Groups whose answers exclude each other and convert."""
    made = []
    for number in range(count):
        markets = tuple(
            Market(
                name=f"sim:{number}-{at}",
                slug="",
                question="",
                group=f"sim:g{number}",
                yes=Token(name=f"sim:{number}-{at}:yes", outcome="Yes"),
                no=Token(name=f"sim:{number}-{at}:no", outcome="No"),
                fees=FEES,
                tick=Decimal("0.01"),
                minimum_size=Decimal(5),
                mirrored=True,
            )
            for at in range(MARKETS)
        )
        made.append(
            Group(
                name=f"sim:g{number}",
                slug="",
                title="",
                kind="event",
                markets=markets,
                exclusive=True,
                exhaustive=True,
                convertible=True,
            )
        )
    return made


def tokens(given: list[Group]) -> NDArray[np.int64]:
    """(markets, 2) numbers of yes and no."""
    return np.array([[m.yes.instrument, m.no.instrument] for group in given for m in group.markets], np.int64)


def snapshots(instruments: NDArray[np.int64]) -> NDArray[np.void]:
    """Books around a price of 19 cents: bids to 18, asks from 20."""
    rows = []
    for yes, no in instruments:
        for instrument, low in ((yes, 18), (no, 80)):
            rows.append((CLEAR, instrument, 0, 0, 0))
            rows += [(LEVEL, instrument, BID, low - step, 100) for step in range(LEVELS)]
            rows += [(LEVEL, instrument, ASK, low + 2 + step, 100) for step in range(LEVELS)]
            rows.append((READY, instrument, 0, 0, 0))
    out = np.zeros(len(rows), QUOTE)
    out["ts"] = out["received_at"] = START
    out["seq"] = NO_SEQ
    for name, column in zip(("kind", "instrument", "side", "price", "size"), np.array(rows).T, strict=True):
        out[name] = column
    out["price"] *= CENT
    out["size"] *= SIZE_UNITS
    out["flags"][-1] = MESSAGE_END
    return out


def changes(instruments: NDArray[np.int64], count: int, seed: int = 1) -> NDArray[np.void]:
    """Messages of two rows: a level of a yes book, and the same order in the mirror of no; (count, 2).

    Levels near the spread come, go and change their size. One order in 25 offers yes at 19 cents and one
    in 8 takes that away, so that seldom four of a group's five stand there, and the five cost .96.
    """
    rng = np.random.default_rng(seed)
    which = rng.integers(0, len(instruments), count)
    rising = rng.random(count) < 0.5
    depth = np.minimum(rng.geometric(0.4, count) - 1, LEVELS - 1)
    price = np.where(rising, 18 - depth, 20 + depth)
    size = rng.integers(5, 300, count)
    lot = rng.random(count)
    price[lot < 0.165], rising[lot < 0.165], size[(lot > 0.04) & (lot < 0.165)] = 19, False, 0
    rows = np.zeros((count, 2), QUOTE)
    rows["ts"] = rows["received_at"] = (START + SECOND + np.arange(count) * MILLISECOND)[:, None]
    rows["instrument"], rows["seq"], rows["kind"] = instruments[which], NO_SEQ, LEVEL
    rows["price"] = np.stack([price, 100 - price], axis=1) * CENT
    rows["size"] = size[:, None] * SIZE_UNITS
    rows["side"][:, 0], rows["side"][:, 1] = np.where(rising, BID, ASK), np.where(rising, ASK, BID)
    rows["flags"][:, 1] = MESSAGE_END
    return rows


def ready(given: list[Group]) -> SpotArbitrage:
    """A machine whose books are filled; settings as shipped, but that no book grows stale."""
    machine = SpotArbitrage(ArbitrageSettings(stale_s=1e6), catalogue().arbitrages)
    machine.on_batch([markets_block(given), quotes_block(snapshots(tokens(given)))])
    return machine


def run(given: list[Group], blocks: list[bytes]) -> tuple[float, dict[str, int]]:
    """Seconds for all blocks, a batch each, and what was told."""
    machine = ready(given)
    told: dict[str, int] = {}
    began = time.perf_counter()
    for block in blocks:
        for found in machine.on_batch([block])[0]:
            for each in found.opportunities:
                told[each.change] = told.get(each.change, 0) + 1
    return time.perf_counter() - began, told


def openings(given: list[Group], blocks: list[bytes]) -> list[float]:
    """Milliseconds of each batch in which something opened."""
    machine = ready(given)
    took = []
    for block in blocks:
        began = time.perf_counter()
        found = machine.on_batch([block])[0]
        seconds = time.perf_counter() - began
        if any(each.change == "opened" for one in found for each in one.opportunities):
            took.append(1e3 * seconds)
    return took


def main() -> None:
    """Measure and publish the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--groups", type=int, default=1_000)
    parser.add_argument("--messages", type=int, default=500_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    given = groups(options.groups)
    rows = changes(tokens(given), options.messages)
    many = [quotes_block(part.reshape(-1)) for part in np.array_split(rows, max(1, len(rows) // 256))]
    single = [quotes_block(message) for message in rows]
    _, told = run(given, many)  # compiles, or loads what was compiled
    took = openings(given, single)
    rates = (
        median_rate(lambda: run(given, many)[0], rows.size, options.runs),
        median_rate(lambda: run(given, single)[0], 2 * len(single), options.runs),
    )
    last = statistics.quantiles(took, n=100)[-1]
    figures = zip(TABLE.rows, (*rates, statistics.median(took), last), (100_000, None, 1, 1), strict=True)
    publish(
        TABLE,
        list(figures),
        [
            f"{rows.size:,} changes of {10 * options.groups:,} books in {options.groups:,} groups, two per message",
            f"complete opportunities: {', '.join(f'{count:,} {change}' for change, count in told.items())}",
            f"detection over {len(took):,} openings, one message per batch; medians of {options.runs}",
        ],
    )


if __name__ == "__main__":
    main()
