"""Properties of every step and every catalogue entry."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.blocks import TRADE, names_block, trades_block
from domain.errors import RecoveryError
from domain.frames import parse_frames
from domain.instruments import instrument_id
from domain.slices import Slice
from flows.chain import build, run
from operators.catalogue import catalogue
from operators.state import freeze
from tests.builders import blocks_of, market_bars, messy_trades, names_in_shard
from tests.laws import by_idea, chain, families_without_prefix, outputs, totals

FRAMES = parse_frames(("1m", "5m", "15m", "1h"))
FIVE = parse_frames(("5m", "15m", "1h"))
NAMES = names_in_shard(3)
BARS = market_bars(NAMES, 3_000, FIVE[0])
MESSY = settings(max_examples=60)
FEW = settings(max_examples=12)


@cache
def whole() -> list[Slice]:
    """What the unbroken run concludes; not a fixture, since Hypothesis would print it."""
    return run(build(chain(FIVE, from_bars=True)), blocks_of(BARS, NAMES, []))


def test_the_market_of_these_tests_shows_every_idea():
    silent = [
        name
        for name, rows in by_idea(whole()).items()
        if rows.size == 0 or (rows.dtype == float and np.isnan(rows).all())
    ]
    assert silent == []
    outcomes = np.concatenate([each.outcomes for each in whole()])
    assert set(outcomes["outcome"]) == {0, 1, 2}


@MESSY
@given(messy_trades(), st.lists(st.integers(0, 120), max_size=6), st.lists(st.integers(0, 120), max_size=6))
def test_batches_do_not_matter_for_messy_trades(trades, cuts, other_cuts):
    stages = chain(FRAMES, from_bars=False, quiet_h=2.0)
    one, other = (run(build(stages), blocks_of(trades, NAMES, each)) for each in (cuts, other_cuts))
    assert outputs(one) == outputs(other)


@FEW
@given(st.lists(st.integers(0, len(BARS)), max_size=40))
def test_batches_do_not_matter(cuts):
    assert outputs(run(build(chain(FIVE, from_bars=True)), blocks_of(BARS, NAMES, cuts))) == outputs(whole())


def test_one_row_a_batch_changes_nothing():
    some = BARS[:600]
    stages = chain(FIVE, from_bars=True)
    one = run(build(stages), blocks_of(some, NAMES, list(range(600))))
    assert outputs(one) == outputs(run(build(stages), blocks_of(some, NAMES, [])))


@MESSY
@given(messy_trades(), st.lists(st.integers(0, 120), min_size=1, max_size=5), st.data())
def test_resumes_anywhere_with_messy_trades(trades, cuts, data):
    stages = chain(FRAMES, from_bars=False, quiet_h=2.0)
    batches = blocks_of(trades, NAMES, cuts)
    unbroken = run(build(stages), batches)
    stop = data.draw(st.integers(0, len(batches)))
    head = build(stages)
    first = run(head, batches[:stop])
    frozen = [stage.snapshot() for stage in head]
    run(head, batches[stop:])  # what comes later must not reach into a snapshot
    rest = run([factory(snapshot) for factory, snapshot in zip(stages, frozen, strict=True)], batches[stop:])
    assert outputs([*first, *rest]) == outputs(unbroken)
    assert totals([*first, *rest]) == totals(unbroken)


@pytest.mark.parametrize("stage", range(5), ids=["roll", "measure", "detect", "propose", "settle"])
@FEW
@given(data=st.data())
def test_each_stage_resumes_anywhere(stage, data):
    cuts = sorted(data.draw(st.lists(st.integers(1, len(BARS) - 1), min_size=1, max_size=8, unique=True)))
    factories = chain(FIVE, from_bars=True)
    stages = build(factories)
    out: list[Slice] = []
    for batch in blocks_of(BARS, NAMES, cuts):
        out += run(stages, [batch])
        stages[stage] = factories[stage](stages[stage].snapshot())
    assert outputs(out) == outputs(whole())


@MESSY
@given(messy_trades(), st.integers(0, 120))
def test_messy_trades_never_look_ahead(trades, cut):
    stages = chain(FRAMES, from_bars=False, quiet_h=2.0)
    everything = outputs(run(build(stages), blocks_of(trades, NAMES, [])))
    assert families_without_prefix(outputs(run(build(stages), blocks_of(trades[:cut], NAMES, []))), everything) == []


@FEW
@given(st.integers(1, len(BARS)))
def test_no_idea_sees_beyond_the_prefix(cut):
    head = by_idea(run(build(chain(FIVE, from_bars=True)), blocks_of(BARS[:cut], NAMES, [])))
    everything = by_idea(whole())
    guilty = [
        name
        for name, rows in head.items()
        if not np.array_equal(rows, everything[name][: rows.size], equal_nan=rows.dtype == float)
    ]
    assert guilty == []


@FEW
@given(st.integers(1, len(BARS) - 1), st.sampled_from([1000.0, 1e-3, 7.0]))
def test_no_idea_feels_a_corrupted_future(cut, factor):
    bent = BARS.copy()
    later = bent["close_time"] > BARS["close_time"][cut]
    for name in ("open", "high", "low", "close", "volume"):
        bent[name][later] *= factor
    known = sum(int((each.bars["close_time"] <= BARS["close_time"][cut]).sum()) for each in whole())
    other = run(build(chain(FIVE, from_bars=True)), blocks_of(bent, NAMES, []))
    one, two = (
        np.concatenate([each.features for each in slices if each.bars.size], axis=1) for slices in (whole(), other)
    )
    guilty = [
        name for name, a, b in zip(catalogue().columns, one, two, strict=True)
        if not np.array_equal(a[:known], b[:known], equal_nan=True)
    ]  # fmt: skip
    assert guilty == []
    for family in ("events", "candidates"):
        one, two = (np.concatenate([getattr(each, family) for each in slices]) for slices in (whole(), other))
        until = BARS["close_time"][cut]
        rows = [each[each["ts"] <= until] for each in (one, two)]
        assert rows[0].size == rows[1].size
        for name in one.dtype.names:
            if name not in ("row", "spare"):
                np.testing.assert_array_equal(rows[0][name], rows[1][name], err_msg=f"{family}.{name} felt the future")


def test_instruments_do_not_leak():
    mine = instrument_id(NAMES[1])
    alone = run(build(chain(FIVE, from_bars=True)), blocks_of(BARS[BARS["instrument"] == mine], NAMES, []))
    for family in ("bars", "events", "candidates", "outcomes"):
        among = np.concatenate([getattr(each, family) for each in whole()])
        own = np.concatenate([getattr(each, family) for each in alone])
        among = among[among["instrument"] == mine][: own.size]
        for name in own.dtype.names:
            if name not in ("slot", "row", "spare"):
                np.testing.assert_array_equal(among[name], own[name], err_msg=f"{family}.{name}")


def test_snapshots_of_another_version_are_refused():
    for factory in chain(FRAMES, from_bars=False):
        with pytest.raises(RecoveryError, match="state version 99"):
            factory(freeze(99, {}))


def test_an_empty_log_concludes_nothing():
    stages = build(chain(FRAMES, from_bars=False))
    empty = trades_block(np.zeros(0, TRADE))
    assert run(stages, [[names_block(NAMES)], [empty]]) == []
