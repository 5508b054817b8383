"""`align_whales`: one order for any arrival order and any batches."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.whales import POSITION, WHALE, Called, WhaleCounts, WhaleFindings
from operators.align_whales import AlignWhales
from tests.builders import records
from tests.naive import canonical


def shard_found(seed, shard):
    """Findings of one shard: rows of its own markets, each later than the watermark before."""
    rng, now, findings = np.random.default_rng([seed, shard]), 0, []
    for _ in range(8):
        until = now + int(rng.integers(0, 5))
        stamps = np.sort(rng.integers(now + 1, until + 2, 3)).tolist()
        rows = [{"ts": ts, "market": shard * 10 + rng.integers(0, 2), "fills": rng.integers(0, 99)} for ts in stamps]
        positions = records(POSITION, *({"ts": ts} for ts in stamps))
        findings.append(WhaleFindings(until, records(WHALE, *rows), positions, COUNTS, [called(row) for row in rows]))
        now = until
    findings.append(WhaleFindings(100, np.empty(0, WHALE), np.empty(0, POSITION), WhaleCounts()))
    return findings


def called(row):
    return Called(token=f"test:{row['fills']}", market=f"test:{row['market']}")


COUNTS = WhaleCounts(accepted=2, late=1)


@settings(max_examples=60)
@given(st.integers(0, 999), st.randoms(use_true_random=False))
def test_order_of_shards_cuts_and_restarts_do_not_matter(seed, random):
    waiting = {str(shard): shard_found(seed, shard) for shard in range(3)}
    every = [found for findings in waiting.values() for found in findings]
    machine, released = AlignWhales(shards=3), []
    while waiting:
        batch = []
        for _ in range(random.randrange(1, 5)):
            if waiting:
                shard = random.choice(sorted(waiting))
                batch.append((shard, waiting[shard].pop(0)))
                if not waiting[shard]:
                    del waiting[shard]
        released += machine.on_batch(batch)[0]
        machine = AlignWhales(machine.snapshot(), shards=3)
    rows = np.concatenate([each.rows for each in released])
    together = np.concatenate([found.rows for found in every])
    assert canonical(rows) == canonical(together[np.lexsort([together["market"], together["ts"]])])
    assert sum(each.positions.size for each in released) == sum(found.positions.size for found in every)
    assert sum(each.counts.accepted for each in released) == 48
    told = [(name.token, name.market) for each in released for name in each.called]
    assert told == [(f"test:{row['fills']}", f"test:{row['market']}") for row in rows]
    for before, after in pairwise(released):
        assert before.watermark <= after.watermark
        assert (before.rows["ts"] <= before.watermark).all()
        assert (after.rows["ts"] > before.watermark).all()


def test_nothing_is_released_before_every_shard_has_reported():
    machine = AlignWhales(shards=2)
    assert (
        machine.on_batch(
            [("0", WhaleFindings(9, records(WHALE, {"ts": 5}), np.empty(0, POSITION), COUNTS, [Called()]))]
        )[0]
        == []
    )
    released, _ = machine.on_batch([("1", WhaleFindings(4, np.empty(0, WHALE), np.empty(0, POSITION), COUNTS))])
    assert [(each.watermark, each.rows.size, each.counts.late) for each in released] == [(4, 0, 2)]
    released, _ = machine.on_batch([("1", WhaleFindings(5, np.empty(0, WHALE), np.empty(0, POSITION), COUNTS))])
    assert [(each.watermark, each.rows["ts"].tolist()) for each in released] == [(5, [5])]
