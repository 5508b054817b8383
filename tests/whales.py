"""Small prediction markets with wallets for tests: metadata, trades and resolutions."""

from decimal import Decimal
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from domain.blocks import KIND_HEARTBEAT, NO_ID, TRADE, heartbeats, markets_block, trades_block
from domain.clock import HOUR, MINUTE, SECOND
from domain.instruments import instrument_id
from domain.markets import FeeSchedule, Group, Market, Token
from domain.wallets import wallet_id
from domain.whale_settings import WhaleSettings
from domain.whales import POSITION, WHALE, WhaleCounts, WhaleFindings
from operators.spot_whales import SpotWhales

START = 1_767_225_600 * SECOND  # 2026-01-01T00:00:00Z
WALLETS = [wallet_id(f"0x{number:02d}" + "11" * 3) for number in range(9)]
CALM = WhaleSettings().checked()
EAGER = WhaleSettings(
    floor=100.0, headline=400.0, quantile=0.6, baseline=4.0, span_h=0.02, half_life_h=1.0, cooldown_min=2.0,
    volume_h=0.5, consensus_wallets=2, consensus_h=0.2, consensus_posterior=0.8, consensus_chance=0.5,
    rate_per_h=1.0, record_floor=50.0,
).checked()  # fmt: skip
"""Thresholds so low that a few trades produce many findings."""

Status = Literal["open", "paused", "resolved"]


def market(name: str, status: Status = "open", winner: str = "") -> Market:
    """A market `polymarket:<name>` with tokens `polymarket:<name>-yes` and `…-no`."""
    return Market(
        name=f"polymarket:{name}",
        slug=name,
        question=f"{name}?",
        group="polymarket:e",
        yes=Token(name=f"polymarket:{name}-yes", outcome="Yes"),
        no=Token(name=f"polymarket:{name}-no", outcome="No"),
        fees=FeeSchedule(kind="none"),
        tick=Decimal("0.01"),
        minimum_size=Decimal(5),
        mirrored=True,
        status=status,
        winner=f"polymarket:{name}-{winner}" if winner else "",
    )


def market_block(*markets: Market) -> bytes:
    """A block with the metadata of the markets."""
    return markets_block([Group(name="polymarket:e", slug="e", title="E", kind="event", markets=markets)])


def token(name: str) -> int:
    """The number of the instrument `polymarket:<name>`."""
    return instrument_id(f"polymarket:{name}")


def fills(*rows: tuple[float, int, str, int, float, float], first_id: int | None = None) -> NDArray[Any]:
    """Rows of TRADE of (seconds, index in `WALLETS` or -1, token, side, price, dollars)."""
    out = np.zeros(len(rows), TRADE)
    for at, (seconds, wallet, name, side, price, dollars) in enumerate(rows):
        out["ts"][at], out["instrument"][at] = START + int(seconds * SECOND), token(name)
        out["wallet"][at] = WALLETS[wallet] if wallet >= 0 else 0
        out["price"][at], out["size"][at], out["side"][at] = price, dollars / price if price else dollars, side
    out["id"] = NO_ID if first_id is None else first_id + np.arange(len(rows))
    return out


def trades(*rows: tuple[float, int, str, int, float, float]) -> bytes:
    """A block with the trades of `fills`."""
    return trades_block(fills(*rows))


def beat(seconds: float) -> bytes:
    """A block with one heartbeat at `START` + `seconds`."""
    return trades_block(heartbeats([START + int(seconds * SECOND)]))


def cut(rows: NDArray[Any], cuts: list[int]) -> list[bytes]:
    """The rows as blocks that end at `cuts`."""
    edges = [0, *sorted({each for each in cuts if 0 < each < len(rows)}), len(rows)]
    return [trades_block(rows[a:b]) for a, b in pairwise(edges)]


def messy_log(seed: int, count: int) -> list[Market | NDArray[Any]]:
    """Faulty rows, one by one, between updates of markets that open and resolve."""
    rng = np.random.default_rng(seed)
    rows = np.zeros(count, TRADE)
    steps = rng.choice([0, 0, SECOND, 7 * SECOND, 60 * SECOND, 60 * SECOND + 1, 4 * MINUTE, HOUR], count, p=PACE)
    rows["ts"] = START + np.cumsum(steps) - rng.choice([0, 0, 0, SECOND, 60 * SECOND, 61 * SECOND], count)
    names = ["a-yes", "a-no", "b-yes", "b-no", "lonely"]
    rows["instrument"] = np.array([token(name) for name in names])[rng.integers(0, 5, count)]
    rows["wallet"] = np.array([*WALLETS[:6], 0])[rng.integers(0, 7, count)]
    rows["price"] = rng.choice([0.03, 0.3, 0.5, 0.62, 0.94, 0.96], count)
    rows["size"] = np.round(rng.lognormal(5.5, 1.7, count), 2)
    rows["side"] = rng.choice([-1, 0, 1, 1], count)
    rows["id"] = np.where(rng.random(count) < 0.2, NO_ID, -2 - rng.integers(0, 3 * count, count))
    rows["kind"][rng.random(count) < 0.05] = KIND_HEARTBEAT
    bad = rng.random(count) < 0.05
    rows["price"][bad] = rng.choice([0.0, 1.0, np.nan, -0.5], bad.sum())
    rows["size"][rng.random(count) < 0.02] = 0.0
    log: list[Market | NDArray[Any]] = [rows[at : at + 1] for at in range(count)]
    events = [
        market("a", "resolved"),
        market("b"),
        market("b", "resolved", "no"),
        market("a"),
        market("b"),
        market("a"),
    ]
    shares = [0.97, 0.9, 0.8, 0.5, 0.3, 0.1]
    for event, share in zip(events, shares, strict=True):
        if rng.random() < 0.7:
            log.insert(int(share * count * rng.random() ** 0.2), event)
    return log


PACE = [0.25, 0.25, 0.2, 0.17, 0.04, 0.04, 0.04, 0.01]


def blocks(log: list[Market | NDArray[Any]]) -> list[bytes]:
    """Each entry of a log as a block of its own."""
    return [market_block(each) if isinstance(each, Market) else trades_block(each) for each in log]


def process(machine: SpotWhales, *log: bytes) -> tuple[NDArray[Any], NDArray[Any], dict[str, int]]:
    """Rows, positions and counts after a log, with one block per batch."""
    return merge([each for block in log for each in machine.on_batch([block])[0]])


def merge(findings: list[WhaleFindings]) -> tuple[NDArray[Any], NDArray[Any], dict[str, int]]:
    """Rows, positions and counts of all findings."""
    rows = np.concatenate([np.empty(0, WHALE), *(each.rows for each in findings)])
    positions = np.concatenate([np.empty(0, POSITION), *(each.positions for each in findings)])
    names = WhaleCounts.__struct_fields__
    return rows, positions, {name: sum(getattr(each.counts, name) for each in findings) for name in names}


def whales(*log: bytes, using: WhaleSettings = CALM) -> NDArray[Any]:
    """Only the rows of `process`."""
    return process(SpotWhales(using), *log)[0]
