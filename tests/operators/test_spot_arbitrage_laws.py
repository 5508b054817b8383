"""Opportunities are a function of the log alone, also under faults."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.arbitrage import ArbitrageSettings
from domain.blocks import markets_block, quotes_block
from domain.clock import SECOND
from domain.errors import RecoveryError, SettingError
from domain.findings import OPPORTUNITY, Findings
from domain.quotes import ASK, BID, CLEAR, DROP
from operators.catalogue import catalogue
from operators.spot_arbitrage import SpotArbitrage
from tests.operators.arbitrage_feed import A_NO, B_NO, C_NO, EAGER, EVENT, MS, books, feed, machine
from tests.prediction import START, beat, level, message, quote, snapshot, trade


def run(log: list[bytes], cuts: set[int], resume_at: int | None = None) -> tuple[list[bytes], bytes, dict[str, int]]:
    made, found, batch = machine(), [], []
    for at, block in enumerate(log):
        batch.append(block)
        if at in cuts or at == len(log) - 1:
            found += made.on_batch(batch)[0]
            batch = []
            if at == resume_at:
                made = machine(resume=made.snapshot())
    return summed(found)


def summed(found: list[Findings]) -> tuple[list[bytes], bytes, dict[str, int]]:
    documents = [msgspec.json.encode(each) for one in found for each in one.opportunities]
    totals: dict[str, int] = {}
    for one in found:
        for name, count in msgspec.structs.asdict(one.counts).items():
            totals[name] = totals.get(name, 0) + count
    rows = np.concatenate([np.zeros(0, OPPORTUNITY), *(one.rows for one in found)])
    return documents, rows.tobytes(), totals


@st.composite
def logs(draw: st.DrawFn) -> list[bytes]:
    """A bad day: books that pay now and then, gaps, prints, pauses; a block a row."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    blocks = [markets_block([EVENT]), *(quotes_block(books()[at : at + 1]) for at in range(len(books())))]
    at = 0
    tokens = [A_NO, B_NO, C_NO]
    for _ in range(draw(st.integers(1, 80))):
        at += int(rng.choice([0, MS, 300 * MS, 3 * SECOND, 400 * SECOND], p=[0.3, 0.4, 0.2, 0.08, 0.02]))
        token, side = tokens[rng.integers(3)], int(rng.choice([BID, ASK]))
        price = f"{rng.integers(58, 72) / 100:.2f}"
        pick = rng.random()
        if pick < 0.75:
            blocks.append(quotes_block(level(token, at, side, price, str(rng.choice([0, 20, 100])))))
        elif pick < 0.85:
            blocks.append(quotes_block(message(snapshot(token, at, {"0.55": "50"}, {price: "80", "0.72": "99"}))))
        elif pick < 0.90:
            blocks.append(trade(token, at, float(price), side))
        elif pick < 0.94:
            blocks.append(quotes_block(quote(token, int(rng.choice([DROP, CLEAR])), at)))
        elif pick < 0.97:
            blocks.append(beat(at))
        else:
            status = str(rng.choice(["open", "open", "paused"]))
            changed = msgspec.structs.replace(EVENT.markets[0], status=status)
            blocks.append(markets_block([msgspec.structs.replace(EVENT, markets=(changed, *EVENT.markets[1:]))]))
    return blocks


@settings(max_examples=60)
@given(logs(), st.sets(st.integers(0, 120)), st.sets(st.integers(0, 120), min_size=1))
def test_batches_and_restarts_do_not_matter(log, cuts, others) -> None:
    whole = run(log, set())
    assert run(log, cuts) == whole
    assert run(log, others, min(others)) == whole


@settings(max_examples=30)
@given(logs(), st.integers(1, 120))
def test_later_rows_do_not_change_earlier_results(log, head) -> None:
    assert run(log, set())[0][: len(run(log[:head], set())[0])] == run(log[:head], set())[0]


def test_the_logs_of_these_tests_show_every_change() -> None:
    made = machine(EVENT)
    seen = {each.change for each in feed(made, books(), message(level(C_NO, 1, ASK, "0.69", "80")), beat(400 * SECOND))}
    assert seen == {"opened", "updated", "closed", "settled"}


def test_row_matches_its_document() -> None:
    made = machine(EVENT)
    found, _ = made.on_batch([quotes_block(books())])
    (row,), (document,) = found[0].rows, found[0].opportunities
    assert (row["at"], row["opened_at"], row["legs"], row["size"]) == (START, START, 3, 100.0)
    assert row["net"] == pytest.approx(float(document.net))
    assert row["id"] == int(document.id, 16) >> 65


def test_snapshot_contains_occupied_levels_only() -> None:
    made = machine(EVENT)
    feed(made, books())
    before = len(made.snapshot())
    feed(made, message(level(A_NO, MS, BID, "0.50", "10")))
    assert 16 <= len(made.snapshot()) - before < 32


def test_snapshot_of_another_catalogue_is_refused() -> None:
    frozen = machine(EVENT).snapshot()
    with pytest.raises(RecoveryError, match="written with the arbitrages"):
        SpotArbitrage(EAGER, catalogue().arbitrages[1:], frozen)


@pytest.mark.parametrize("bad", [{"depth_share": 0.0}, {"depth_share": 1.5}, {"stale_s": 0.0}, {"edge_min": -1.0}])
def test_settings_out_of_range_are_refused(bad) -> None:
    with pytest.raises(SettingError, match=next(iter(bad))):
        ArbitrageSettings(**bad).checked()
