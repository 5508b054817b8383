"""`back`: candidates and evidence of whales and baskets for any batches, against a naive reference."""

from random import Random

import numpy as np
import pytest

from domain.blocks import names_block, quotes_block
from domain.clock import MINUTE, SECOND
from domain.findings import OPPORTUNITY, BookCounts, Findings
from domain.quotes import QUOTE
from domain.slices import BAR, SUPPRESSED, SUPPRESSED_REASONS, Slice
from domain.whales import (
    CONSENSUS,
    DISAGREEMENT,
    POSITION,
    SUPPRESSED_BY,
    WHALE,
    WHALE_ALONE,
    WhaleCounts,
    WhaleFindings,
)
from flows.prediction import SETTINGS
from operators.back import FRESH_NS, HORIZON_NS, Back, Backed, _block_update
from tests.builders import records
from tests.naive import canonical
from tests.operators.shard_of_whales import Twin, backed_by, log, priced, settled, streams, whales_of
from tests.whales import START, beat, market, market_block, token, trades

SEEDS = range(4)


def concluded(backed: list[Backed]) -> tuple[bytes, ...]:
    """All that is handed on, however it was cut."""
    candidates, bars = ([getattr(each.slice, name) for each in backed] for name in ("candidates", "bars"))
    return tuple(
        b"".join(canonical(rows) for rows in family)
        for family in (candidates, bars, [each.evidence for each in backed])
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_stream_order_batches_and_restarts_do_not_matter(seed: int) -> None:
    random, blocks = Random(seed), log(seed)
    waiting = [list(stream) for stream in streams(blocks)]
    machine, found = Back(), []
    while any(waiting):
        stream = random.choice([each for each in waiting if each])
        count = random.randrange(1, 200)
        found += machine.on_batch(stream[:count])[0]
        del stream[:count]
        if random.random() < 0.2:
            machine = Back(machine.snapshot())
    assert concluded(found) == concluded(backed_by(blocks))


@pytest.mark.parametrize("seed", SEEDS)
def test_whale_outcomes_equal_a_naive_twin(seed: int) -> None:
    blocks = log(seed)
    outcomes = settled(backed_by(blocks))
    columns = ("ts", "instrument", "direction", "outcome", "entry_at", "exit_at", "entry_price", "exit_price")
    found = [
        tuple(row[name].item() for name in (*columns, "return_r", "strategy", "status"))
        for row in outcomes[np.lexsort([outcomes["strategy"], outcomes["instrument"], outcomes["ts"]])]
    ]
    expected = sorted(Twin(blocks).outcomes(whales_of(blocks)), key=lambda each: (each[0], each[1], each[9]))
    assert len(found) == len(expected) > 20
    for one, other in zip(found, expected, strict=True):
        assert one == pytest.approx(other, nan_ok=True)


def test_the_twin_sees_all_ways_to_end() -> None:
    ends = np.concatenate([settled(backed_by(log(seed))) for seed in range(2)])
    assert set(ends["outcome"].tolist()) == {0, 1, 2}
    assert SUPPRESSED in ends["status"]
    assert np.isnan(ends["return_r"]).any()  # nobody traded any more


def test_suppressed_candidate_names_its_failed_gate() -> None:
    said = set()
    for seed in SEEDS:
        blocks = log(seed)
        whales = {(row["ts"].item(), row["first_token"].item(), row["kind"].item()): row for row in whales_of(blocks)}
        for row in np.concatenate([each.slice.candidates for each in backed_by(blocks)]):
            gates = int(whales[row["ts"].item(), row["instrument"].item(), row["strategy"].item()]["gates"])
            first = next((SUPPRESSED_BY[1 << bit] for bit in range(5) if gates >> bit & 1), "")
            assert SUPPRESSED_REASONS[row["reason"]] == first
            said.add(first)
    assert len(said) > 2


def test_bars_go_on_until_every_candidate_has_ended() -> None:
    assert SETTINGS.quiet_ns >= FRESH_NS + HORIZON_NS + 2 * MINUTE


def test_old_price_is_unusable() -> None:
    fresh, old = (
        [
            *(market_block(market("a")), trades((1, 0, "a-yes", 1, 0.5, 10)), beat(90), beat(at), beat(at + 70)),
            *(trades((at + 100, 1, "a-no", 1, 0.5, 5_000)), beat(at + 300)),
        ]
        for at in (5 * 3_600, 7 * 3_600)
    )
    assert [each.slice.candidates.size for each in backed_by(fresh) if each.slice.candidates.size] == [1]
    assert not any(each.slice.candidates.size + each.evidence.size for each in backed_by(old))


def test_whale_on_an_unknown_token_is_evidence_under_its_name() -> None:
    blocks = [trades((1, 0, "lonely", 1, 0.5, 10)), beat(90), trades((100, 1, "lonely", 1, 0.5, 5_000)), beat(300)]
    (found,) = [each for each in backed_by(blocks) if each.evidence.size]
    assert found.evidence["instrument"].tolist() == [token("lonely")]
    assert list(found.names) == [token("lonely")]


def whales(watermark: int, *rows: tuple[str, int, int, int, int]) -> WhaleFindings:
    """Of (token, minute, kind, direction, revision)."""
    names = ("first_token", "ts", "kind", "direction", "revision", "wallet")
    made = [(token(name), START + minute * MINUTE, *others, 1) for name, minute, *others in rows]
    told_of = records(WHALE, *(dict(zip(names, each, strict=True)) for each in made))
    return WhaleFindings(watermark, told_of, np.empty(0, POSITION), WhaleCounts(), [])


def nothing(watermark: int) -> Findings:
    return Findings(watermark, [], np.empty(0, OPPORTUNITY), BookCounts())


def backed_with(found: WhaleFindings) -> list[Backed]:
    """What becomes of whales where a market and a token without one were traded at .5 in the first minute."""
    priced_at = trades((1, -1, "a-yes", 1, 0.5, 1), (2, -1, "lonely", 1, 0.5, 1))
    news, slices, _, baskets = streams(
        [names_block(["polymarket:lonely"]), market_block(priced("a")), priced_at, beat(900)]
    )
    return Back().on_batch([*news, *slices, found, *baskets])[0]


def test_a_whale_is_a_candidate_once_and_a_consensus_one_of_its_own() -> None:
    rows = [
        *(("a-yes", 3, WHALE_ALONE, 1, 0), ("a-yes", 3, WHALE_ALONE, 1, 0), ("a-yes", 3, CONSENSUS, 1, 0)),
        *(("a-yes", 4, WHALE_ALONE, 1, 1), ("a-yes", 5, WHALE_ALONE, 0, 0), ("a-yes", 6, DISAGREEMENT, 0, 0)),
        ("a-yes", 7, WHALE_ALONE, -1, 0),
    ]
    backed = backed_with(whales(START + 900 * SECOND, *rows))
    made = np.concatenate([each.slice.candidates for each in backed])
    assert [((row["ts"] - START) // MINUTE, row["strategy"], row["direction"]) for row in made] == [
        *((3, 0, 1), (3, 1, 1), (7, 0, -1))
    ]
    said = np.concatenate([each.evidence for each in backed])["ts"]
    assert ((said - START) // MINUTE).tolist() == [3, 3, 7], "what is told again is no new evidence"


def test_candidate_pays_its_market_fee_or_the_highest_of_the_venue() -> None:
    backed = backed_with(
        whales(START + 900 * SECOND, ("a-yes", 3, WHALE_ALONE, 1, 0), ("lonely", 4, WHALE_ALONE, 1, 0))
    )
    # Twice .04 x .5 and the slippage; twice .07 x .5 and the slippage, below 0 since nobody told it.
    assert np.concatenate([each.slice.candidates for each in backed])["cost"].tolist() == [44_000, -74_000]


def test_instant_is_held_until_it_is_complete() -> None:
    machine, others = Back(), [Slice(START), whales(START)]
    assert machine.on_batch([*others, _block_update(beat(1)), nothing(START)])[0] == []
    assert [each.slice.watermark for each in machine.on_batch([nothing(START + 1)])[0]] == [START]
    machine = Back()
    assert machine.on_batch([*others, _block_update(beat(0)), nothing(START + 1)])[0] == []
    assert [each.slice.watermark for each in machine.on_batch([_block_update(beat(1))])[0]] == [START]


def test_a_market_is_over_from_the_newest_trade_or_heartbeat_on_not_from_that_of_a_book() -> None:
    quotes = quotes_block(records(QUOTE, {"ts": START + 600 * SECOND}))
    closed = records(BAR, {"open_time": START + 2 * MINUTE, "instrument": token("a-yes"), "close": 0.4})
    news = [_block_update(each) for each in (beat(60), quotes, market_block(market("a", "resolved", "yes")), beat(900))]
    late = START + 900 * SECOND
    (found,) = Back().on_batch([*news, Slice(START + 300 * SECOND, bars=closed), whales(late), nothing(late)])[0]
    assert found.slice.bars["close"].tolist() == [1.0]


def played(markets: int) -> Back:
    """After so many markets that came, were traded by a whale and resolved, one an hour."""
    blocks = []
    for at in range(markets):
        name, start = f"m{at}", at * 3_600.0
        blocks += [market_block(market(name)), trades((start + 1, 0, f"{name}-yes", 1, 0.5, 10)), beat(start + 90)]
        blocks += [trades((start + 100, at % 9, f"{name}-no", 1, 0.5, 5_000)), beat(start + 2_000)]
        blocks.append(market_block(market(name, "resolved", "yes")))
    machine = Back()
    for stream in streams([*blocks, beat(markets * 3_600 + 90)]):
        machine.on_batch(stream)
    return machine


def test_markets_that_have_ended_are_forgotten() -> None:
    few, many = (len(played(markets).snapshot()) for markets in (80, 240))
    assert many < 1.1 * few
