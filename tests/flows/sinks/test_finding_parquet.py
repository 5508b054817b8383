"""Findings as Parquet: complete, in one order, and readable even if empty."""

from pathlib import Path

import numpy as np
import polars as pl

from domain.findings import OPPORTUNITY, BookCounts, Findings
from domain.opportunities import Opportunity
from flows.sinks.finding_parquet import KINDS, OpportunityParquetPartition, WhaleParquetPartition, complete
from operators.spot_whales import SpotWhales
from tests.opportunities import opportunity
from tests.whales import EAGER, market, market_block, trades


def read(folder: Path, kind: str) -> pl.DataFrame:
    return pl.read_parquet(folder / kind / "*.parquet")


def findings(*changes: Opportunity) -> Findings:
    return Findings(0, list(changes), np.empty(0, OPPORTUNITY), BookCounts())


def at(minute: int, revision: int = 0) -> Opportunity:
    """A change of an opportunity whose id sorts before those of earlier ones."""
    return opportunity(minute, revision, id="fedcba"[minute] * 32)


def test_opportunities_are_ordered_by_time_across_shards(tmp_path: Path) -> None:
    part = OpportunityParquetPartition(tmp_path)
    part.write_batch([findings(at(2), at(2, 1)), findings(at(3))])
    part.write_batch([findings(at(1), at(1, 2), at(1, 1))])
    part.close()
    stand = read(tmp_path, "opportunities").select("id", "revision").rows()
    expected = [at(1), at(1, 1), at(1, 2), at(2), at(2, 1), at(3)]
    assert stand == [(one.id, one.revision) for one in expected]


def test_whales_are_in_order_and_each_wallet_once(tmp_path: Path) -> None:
    machine, part = SpotWhales(EAGER), WhaleParquetPartition(tmp_path)
    rows = [(second, wallet, "a-yes", 1, 0.5, 900.0) for second, wallet in ((0, 1), (300, 2), (600, 1))]
    for block in (market_block(market("a")), *map(trades, rows)):
        part.write_batch(machine.on_batch([block])[0])
    part.close()
    whales = read(tmp_path, "whale_trades").filter(pl.col("kind") == "whale")
    assert whales["detected_at"].is_sorted()
    assert len(whales) == 3
    assert sorted(read(tmp_path, "wallets")["id"]) == sorted(set(whales["wallet"]))


def test_a_kind_without_rows_can_be_read(tmp_path: Path) -> None:
    complete(tmp_path)
    assert {kind: len(read(tmp_path, kind)) for kind in KINDS} == dict.fromkeys(KINDS, 0)
