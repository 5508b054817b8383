"""`attend`: evidence joins the aligned rows of its instant for any arrival order and any batches."""

from random import Random
from typing import Any

import numpy as np
import pytest

from domain.aligned import Aligned
from domain.composites import ARBITRAGE, WHALE
from domain.evidence import EVIDENCE
from domain.scores import SCORE
from domain.slices import CANDIDATE
from operators.attend import Attend, ShardEvidence
from tests.builders import records
from tests.naive import canonical

SHARDS = 3
UNKNOWN = {"probability": np.nan, "expected_r": np.nan}


def evidence(ts: int, instrument: int, *, kind: int = WHALE, source: int = 1, direction: int = 1) -> dict[str, Any]:
    return {"ts": ts, "instrument": instrument, "kind": kind, "source": source, "direction": direction, **UNKNOWN}


def told(shard: int, watermark: int, *rows: dict[str, Any]) -> ShardEvidence:
    names = {row["instrument"]: f"polymarket:{row['instrument']}" for row in rows}
    return str(shard), watermark, records(EVIDENCE, *rows), names


def aligned(watermark: int, *candidates: tuple[int, int, int], probability: float = 0.6) -> Aligned:
    rows: list[dict[str, Any]] = [
        dict(zip(("ts", "instrument", "direction"), each, strict=True)) for each in candidates
    ]
    scores: list[dict[str, Any]] = [{"probability": probability, "expected_r": 0.2, "risk_penalty": 0.1}] * len(
        candidates
    )
    return Aligned(watermark, candidates=records(CANDIDATE, *rows), scores=records(SCORE, *scores))


def a_day(seed: int) -> list[list[Any]]:
    """What comes of each shard, and what was aligned, each in its order."""
    random = Random(seed)
    streams: list[list[Any]] = [[aligned(at, (at, at % 5, 1)) for at in range(2, 60, 2)]]
    for shard in range(SHARDS):
        now, mine = 0, []
        while now < 60:
            until = now + random.randrange(1, 7)
            stamps = sorted(random.randrange(now + 1, until + 1) for _ in range(random.randrange(3)))
            kinds = (WHALE, ARBITRAGE)
            mine.append(
                told(shard, until, *(evidence(at, at % 5, kind=random.choice(kinds), source=shard) for at in stamps))
            )
            now = until
        streams.append(mine)
    return streams


@pytest.mark.parametrize("seed", range(8))
def test_order_of_streams_cuts_and_restarts_do_not_matter(seed: int) -> None:
    def attended(random: Random | None) -> list[tuple[Any, ...]]:
        waiting, machine, found = a_day(seed), Attend(shards=SHARDS), []
        while any(waiting):
            stream = random.choice([each for each in waiting if each]) if random else next(filter(None, waiting))
            count = random.randrange(1, 9) if random else len(stream)
            found += machine.on_batch(stream[:count])[0]
            del stream[:count]
            if random and random.random() < 0.3:
                machine = Attend(machine.snapshot(), shards=SHARDS)
        return [(each.watermark, canonical(each.evidence), sorted(each.names.items())) for each in found]

    whole = attended(None)
    assert len(whole) == 29
    assert attended(Random(seed)) == whole


def test_evidence_comes_with_the_rows_of_its_instant_and_only_once() -> None:
    machine = Attend(shards=1)
    machine.on_batch([told(0, 9, evidence(3, 7), evidence(4, 7), evidence(8, 7))])
    found, _ = machine.on_batch([aligned(3), aligned(5), aligned(9)])
    assert [each.evidence["ts"].tolist() for each in found] == [[3], [4], [8]]
    assert [each.names for each in found] == [{7: "polymarket:7"}] * 3


def test_rows_wait_for_all_shards() -> None:
    machine = Attend(shards=2)
    assert machine.on_batch([aligned(5), told(0, 9)])[0] == []
    assert machine.on_batch([told(1, 4)])[0] == []
    assert [each.watermark for each in machine.on_batch([told(1, 5)])[0]] == [5]


def test_late_evidence_is_released_with_the_next_rows() -> None:
    machine = Attend(shards=1)
    machine.on_batch([told(0, 5), aligned(5)])
    found, _ = machine.on_batch([told(0, 9, evidence(2, 7)), aligned(9)])
    assert [each.evidence["ts"].tolist() for each in found] == [[2]]


def test_whale_evidence_carries_the_score_of_its_candidate() -> None:
    machine = Attend(shards=1)
    rows = [evidence(3, 7), evidence(3, 7, direction=-1), evidence(4, 7), evidence(3, 7, kind=ARBITRAGE)]
    (found,) = machine.on_batch([told(0, 9, *rows), aligned(9, (3, 7, 1))])[0]
    said = {
        (row["ts"].item(), row["kind"].item(), row["direction"].item()): tuple(
            row[name].item() for name in ("probability", "expected_r", "risk")
        )
        for row in found.evidence
    }
    nothing = (pytest.approx(np.nan, nan_ok=True), pytest.approx(np.nan, nan_ok=True), 0.0)
    assert said == {
        (3, WHALE, 1): (0.6, 0.2, 0.1),
        (3, WHALE, -1): nothing,
        (4, WHALE, 1): nothing,
        (3, ARBITRAGE, 1): nothing,
    }


def test_first_of_two_simultaneous_candidates_scores_the_whale() -> None:
    both = aligned(9, (3, 7, 1), (3, 7, 1))
    both.scores["probability"] = 0.6, 0.7
    (found,) = Attend(shards=1).on_batch([told(0, 9, evidence(3, 7)), both])[0]
    assert found.evidence["probability"].tolist() == [0.6]


def test_released_rows_leave_no_state() -> None:
    machine, sizes = Attend(shards=1), []
    for at in range(1, 2_000):
        machine.on_batch([told(0, at, evidence(at, at)), aligned(at)])
        sizes.append(len(machine.snapshot()))
    assert max(sizes[1_000:]) <= max(sizes[:1_000]) + 16
