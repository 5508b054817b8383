"""Pairs from the mapping file through the log to an opportunity, or to none and the reason."""

import json
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from domain.arbitrage import ArbitrageSettings
from domain.blocks import read_block
from domain.opportunities import Opportunity
from domain.pairs import fingerprint, read_pairs
from flows.sources.market_files import MarketFiles
from operators.catalogue import catalogue
from operators.spot_arbitrage import SpotArbitrage
from tests.flows.sources.test_market_files import items_of
from tests.flows.venues import test_kalshi, test_kalshi_rest, test_polymarket_gamma
from tests.flows.venues.decoded import RECEIVED
from tests.flows.venues.test_polymarket_clob import BOOK
from tests.reviewed import mapping

WORDS = ("Yes if the rate is cut.", "If the upper bound falls.")
CLOSES = "2028-11-07T00:00:00Z"
FILE = mapping("cut", "polymarket:0x1", "kalshi:CUT", decided_at=CLOSES, rules=WORDS)


def recording(tmp_path: Path, closes: str = CLOSES, *more: Any) -> Path:
    """Both markets, and books in which yes on Polymarket and no on Kalshi cost .40 + .50."""
    there = test_kalshi_rest.market("CUT", close_time=closes, rules_primary=WORDS[1])
    messages: list[Any] = [
        test_polymarket_gamma.market(1, description=WORDS[0]),
        {"events": [test_kalshi_rest.event(there)]},
        {**BOOK, "asset_id": "11", "bids": [], "asks": [{"price": "0.40", "size": "100"}]},
        {**BOOK, "asset_id": "12", "bids": [{"price": "0.60", "size": "100"}], "asks": []},
        test_kalshi.snapshot(ticker="CUT", yes_dollars_fp=[["0.50", "100"]], no_dollars_fp=[["0.45", "100"]]),
        *more,
    ]
    path = tmp_path / "recorded.jsonl"
    path.write_text("".join(f"{RECEIVED + at} {json.dumps(each)}\n" for at, each in enumerate(messages)))
    return path


def conclude(tmp_path: Path, file: str, closes: str = CLOSES, *more: Any) -> tuple[list[Opportunity], list[str]]:
    """The findings in the log, and the rejects."""
    (tmp_path / "pairs.toml").write_text(file)
    machines: dict[str, SpotArbitrage] = {}
    found, rejected = [], []
    settings = ArbitrageSettings(depth_share=1.0, stale_s=1e6)
    opened = MarketFiles([recording(tmp_path, closes, *more)], pairs=read_pairs(tmp_path / "pairs.toml"))
    for key, block in items_of(opened):
        machine = machines.setdefault(key, SpotArbitrage(settings, catalogue().arbitrages))
        kind, content = read_block(block)
        rejected += [reject.reason for reject in content] if kind == "rejects" else []
        found += [each for one in machine.on_batch([block])[0] for each in one.opportunities]
    return found, rejected


def test_a_reviewed_pair_that_costs_less_than_a_dollar_is_an_arbitrage(tmp_path: Path) -> None:
    found, rejected = conclude(tmp_path, FILE)
    assert [(each.kind, each.group, each.change) for each in found] == [("cross_venue", "pair:cut", "opened")]
    (only,) = found
    legs = [(leg.venue, leg.token, leg.side, leg.limit_price) for leg in only.plan.legs]
    assert legs == [("kalshi", "kalshi:CUT:no", "buy", D("0.5")), ("polymarket", "polymarket:11", "buy", D("0.4"))]
    assert only.risk.rule_equivalence == "reviewed"
    assert rejected == []


@pytest.mark.parametrize(
    ("file", "closes", "reason"),
    [
        (FILE.replace("R. Viewer", ""), "2028-11-07T00:00:00Z", "it is not reviewed"),
        (
            FILE.replace(fingerprint(WORDS[0]), fingerprint("Yes.")),
            "2028-11-07T00:00:00Z",
            f"polymarket:0x1: its rules differ from the reviewed ones; now {fingerprint(WORDS[0])}",
        ),
        (FILE, "2028-12-09T00:00:00Z", "kalshi:CUT: its date differs; now 2028-12-09T00:00:00+00:00"),
        (
            FILE + "strike = 4.25\n",
            "2028-11-07T00:00:00Z",
            "polymarket:0x1: its strike differs; now none; kalshi:CUT: its strike differs; now none",
        ),
    ],
)
def test_a_pair_that_differs_from_the_reviewed_one_is_rejected(
    tmp_path: Path, file: str, closes: str, reason: str
) -> None:
    assert conclude(tmp_path, file, closes) == ([], [f"pair 'cut' is no arbitrage: {reason}"])


def test_pair_reject_is_emitted_once_per_reason(tmp_path: Path) -> None:
    coarser = test_polymarket_gamma.market(1, description=WORDS[0], orderPriceMinTickSize=0.01)
    other = {**coarser, "description": "Other words."}
    _, rejected = conclude(tmp_path, FILE, "2028-12-09T00:00:00Z", coarser, other)
    assert len(rejected) == 2
    assert [reason.count(";") for reason in rejected] == [1, 3]
