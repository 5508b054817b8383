"""Recovery files have pages that suit snapshots, and keep them while Bytewax writes."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, TestingSource

from flows import cluster


def page_sizes(directory: Path) -> list[int]:
    found = []
    for path in sorted(directory.glob("*.sqlite3")):
        with closing(sqlite3.connect(path)) as database:
            found.append(database.execute("PRAGMA page_size").fetchone()[0])
    return found


@pytest.mark.parametrize("partitions", [1, 3])
def test_pages_are_large_before_and_after_a_run_that_resumes(tmp_path: Path, partitions: int) -> None:
    cluster.make_recovery(tmp_path, partitions)
    assert page_sizes(tmp_path) == [cluster.PAGE_BYTES] * partitions
    out: list[tuple[str, int]] = []
    given = [("a", 1), ("a", 2), TestingSource.EOF(), ("a", 3)]
    flow = Dataflow("sums")
    sums = op.stateful_map("sum", op.input("given", flow, TestingSource(given)), lambda s, v: ((s or 0) + v,) * 2)
    op.output("out", sums, TestingSink(out))
    for _ in "12":
        cluster.run(flow, epoch=timedelta(0), recovery=tmp_path)
    assert out == [("a", 1), ("a", 3), ("a", 6)]
    assert page_sizes(tmp_path) == [cluster.PAGE_BYTES] * partitions
