from datetime import UTC, datetime
from typing import Any

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from bytewax.testing import TestingSink, run_main

from flows.sources.combined import CombinedSource, from_source

AT = datetime(2026, 11, 20, tzinfo=UTC)


class Counted(FixedPartitionedSource[Any, int]):
    """Two partitions that count up to an end, with a given `next_awake`."""

    def __init__(self, end: int, awake: datetime | None = None) -> None:
        self.end, self.awake = end, awake
        self.closed: list[str] = []

    def list_parts(self) -> list[str]:
        return ["000", "001"]

    def build_part(self, step_id: str, for_part: str, resume_state: int | None) -> "CountedPartition":
        return CountedPartition(self, for_part, resume_state or 0)


class CountedPartition(StatefulSourcePartition[Any, int]):
    def __init__(self, source: Counted, name: str, at: int) -> None:
        self.source, self.name, self.at = source, name, at

    def next_batch(self) -> list[Any]:
        if self.at >= self.source.end:
            raise StopIteration
        self.at += 1
        return [(self.name, b"%d" % self.at)]

    def next_awake(self) -> datetime | None:
        return self.source.awake

    def snapshot(self) -> int:
        return self.at

    def close(self) -> None:
        self.source.closed.append(self.name)


def test_each_branch_receives_its_source_completely_and_in_order() -> None:
    flow, short, long = Dataflow("together"), list[Any](), list[Any]()
    both = op.input("log", flow, CombinedSource({"short": Counted(2), "long": Counted(5)}))
    op.output("short", from_source("short", both), TestingSink(short))
    op.output("long", from_source("long", both), TestingSink(long))
    run_main(flow)
    for found, end in ((short, 2), (long, 5)):
        for part in ("000", "001"):
            assert [block for key, block in found if key == part] == [b"%d" % at for at in range(1, end + 1)]
    assert len(short) + len(long) == 2 * (2 + 5)


def test_combined_source_resumes_each_source() -> None:
    sources = {"short": Counted(2), "long": Counted(5)}
    part = CombinedSource(sources).build_part("log", "000", None)
    for _ in range(3):  # the short one has ended by now
        part.next_batch()
    kept = part.snapshot()
    assert kept == {"short": 2, "long": 3}
    part = CombinedSource(sources).build_part("log", "000", kept)
    assert part.next_batch() == [("000", ("long", b"4"))]
    assert part.next_batch() == [("000", ("long", b"5"))]
    with pytest.raises(StopIteration):
        part.next_batch()
    part.close()
    assert [source.closed for source in sources.values()] == [["000"], ["000"]]


@pytest.mark.parametrize(
    ("wishes", "first"), [((AT, AT.replace(day=21)), AT), ((AT.replace(day=21), AT), AT), ((None, AT), None)]
)
def test_next_awake_is_that_of_the_earliest_source(wishes: tuple[datetime | None, ...], first: datetime | None) -> None:
    part = CombinedSource({str(wish): Counted(9, wish) for wish in wishes}).build_part("log", "000", None)
    assert part.next_awake() == first


def test_ended_sources_do_not_affect_next_awake() -> None:
    part = CombinedSource({"ended": Counted(0, AT), "going": Counted(9, AT.replace(day=21))}).build_part(
        "log", "000", None
    )
    part.next_batch()
    assert part.next_awake() == AT.replace(day=21)


def test_sources_with_other_partitions_are_refused() -> None:
    class Other(Counted):
        def list_parts(self) -> list[str]:
            return ["000"]

    with pytest.raises(ValueError, match="the same partitions"):
        CombinedSource({"one": Counted(1), "other": Other(1)}).list_parts()
