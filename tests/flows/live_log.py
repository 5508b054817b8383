"""A log as collectors write it, of both branches, that ends."""

from functools import cache

import numpy as np

from domain.blocks import KIND_TRADE, bundled, heartbeats, names_block, read_block, trades_block, unbundled
from domain.branches import INSTRUMENTS, PREDICTION, Branch
from domain.clock import MINUTE
from domain.instruments import SHARDS, instrument_id, shard_of
from flows.sources.sim_prediction import PredictionSimulator
from flows.sources.sim_prediction_settings import SimPredictionSettings
from tests.builders import START, market_trades

NAMES = [f"test:S{number}" for number in range(6)]
MINUTES = 1_500
END = START + MINUTES * MINUTE
TRADES = int(MINUTES * 6.0 * len(NAMES))
"""Of instruments."""
STEP = 10 * MINUTE
MARKETS = SimPredictionSettings(
    singles=1, events=1, open_events=0, ladders=0, round_h=4.0, trades_per_minute=1.0, whales_per_day=48.0,
    baskets_per_day=96.0,
)  # fmt: skip
Entry = tuple[Branch, int, bytes]


@cache
def entries() -> list[Entry]:
    """Branch, shard and block; with a heartbeat for every shard every ten minutes, and one after the end."""
    trades = market_trades(NAMES, MINUTES, 6.0, seed=3)
    shards = trades["instrument"] % SHARDS
    markets = PredictionSimulator(MARKETS)
    out: list[Entry] = [(INSTRUMENTS, shard_of(instrument_id(name)), names_block([name])) for name in NAMES]
    out += [(PREDICTION, shard, bundled(markets.opening(shard, START))) for shard in range(SHARDS)]
    for start in range(START, END, STEP):
        now = (trades["ts"] >= start) & (trades["ts"] < start + STEP)
        present = np.unique(shards[now]).tolist()
        out += [(INSTRUMENTS, shard, trades_block(trades[now & (shards == shard)])) for shard in present]
        for shard in range(SHARDS):
            out.append((INSTRUMENTS, shard, trades_block(heartbeats([start + STEP]))))
            out.append((PREDICTION, shard, bundled(markets.blocks(shard, start, start + STEP))))
    over = trades_block(heartbeats([END + 2 * MINUTE]))
    return out + [(branch, shard, over) for branch in (INSTRUMENTS, PREDICTION) for shard in range(SHARDS)]


@cache
def prediction_trades() -> int:
    """Trades on prediction markets."""
    blocks = [read_block(block) for branch, _, entry in entries() if branch == PREDICTION for block in unbundled(entry)]
    return sum(int((rows["kind"] == KIND_TRADE).sum()) for kind, rows in blocks if kind == "trades")
