from itertools import accumulate

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from domain.blocks import TRADE, Rows
from domain.slices import Reject
from flows.sources.merge import NEVER, Merge, Merged, Position, first_ns
from tests.flows.sources.memory import InMemory

times = st.lists(st.integers(1, 12), max_size=12)


def inputs_of(files: list[list[int]], rejected: list[frozenset[int]] | None = None) -> list[tuple[InMemory, int]]:
    """One input per list of times; the id of a row encodes its file and position."""
    found = []
    for number, file in enumerate(files):
        rows = np.zeros(len(file), TRADE)
        rows["ts"] = file
        rows["id"] = 100 * number + np.arange(len(file))
        found.append(
            InMemory(f"{number}", rows, {number: f"x:{number}"}, rejected[number] if rejected else frozenset())
        )
    return sorted(((each, first_ns(each)) for each in found), key=lambda pair: (pair[1], pair[0].path.name))


def naive(inputs: list[tuple[InMemory, int]]) -> list[tuple[int, int]]:
    """(key, id) of all rows, in order."""
    keyed = []
    for rank, (source, _) in enumerate(inputs):
        rows = [row for chunk in source.read(0, 0, 1_000) for row in chunk.rows]
        keys = accumulate((int(row["ts"]) for row in rows), max)
        keyed += [(key, rank, at, int(row["id"])) for at, (key, row) in enumerate(zip(keys, rows, strict=True))]
    return [(key, number) for key, _, _, number in sorted(keyed)]


def run(merge: Merge) -> tuple[list[tuple[int, int]], list[Reject]]:
    parts: list[Merged] = []
    while (part := merge.step()) is not None:
        parts.append(part)
    return flat(parts), [reject for part in parts for reject in part.rejects]


def flat(parts: list[Merged]) -> list[tuple[int, int]]:
    return [pair for part in parts for pair in zip(part.keys.tolist(), ids(part.rows), strict=True)]


def ids(rows: Rows) -> list[int]:
    found: list[int] = rows["id"].tolist()
    return found


@given(files=st.lists(times, min_size=1, max_size=4), chunk_rows=st.integers(1, 7))
def test_merged_order_is_that_of_a_sort(files: list[list[int]], chunk_rows: int) -> None:
    inputs = inputs_of(files)
    merged, rejects = run(Merge(inputs, None, chunk_rows))
    assert merged == naive(inputs)
    assert rejects == []


@given(
    files=st.lists(times, min_size=1, max_size=3),
    chunks=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    cuts=st.lists(st.integers(0, 5), max_size=3),
    data=st.data(),
)
def test_resumes_anywhere_with_any_chunks(
    files: list[list[int]], chunks: tuple[int, int], cuts: list[int], data: st.DataObject
) -> None:
    rejected = [data.draw(st.frozensets(st.integers(1, len(file) + 1), max_size=2)) for file in files]
    rejected = [frozenset(at for at in bad if at <= len(file)) for file, bad in zip(files, rejected, strict=True)]
    inputs = inputs_of(files, rejected)
    expected = run(Merge(inputs, None, 100))
    parts: list[Merged] = []
    positions: list[Position] | None = None
    for number, steps in enumerate([*cuts, 1_000]):
        merge = Merge(inputs, positions, chunks[number % 2])
        for _ in range(steps):
            part = merge.step()
            if part is None:
                break
            parts.append(part)
        positions = [Position(*tuple(each)) for each in merge.positions()]
    assert flat(parts) == expected[0]
    found = [reject for part in parts for reject in part.rejects]
    assert sorted(found, key=str) == sorted(expected[1], key=str)


def test_an_input_without_rows_comes_last() -> None:
    empty = InMemory("empty", np.empty(0, TRADE), {}, frozenset({1}))
    assert first_ns(empty) == NEVER
    full = inputs_of([[3, 5]])
    merged, rejects = run(Merge([*full, (empty, NEVER)], None, 10))
    assert merged == [(3, 0), (5, 1)]
    assert rejects == [Reject("empty", 1, "broken")]


def test_files_that_do_not_overlap_are_opened_one_after_the_other() -> None:
    inputs = inputs_of([[1, 2], [3, 4], [5, 6]])
    opened: list[str] = []
    for source, _ in inputs:
        source.read = _noting(source, opened)  # type: ignore[method-assign]
    merge = Merge(inputs, None, 10)
    merge.step()
    assert opened == ["0"]


def _noting(source: InMemory, opened: list[str]):  # type: ignore[no-untyped-def]
    read = source.read

    def noting(position: int, newest_ns: int, at_most: int):  # type: ignore[no-untyped-def]
        opened.append(source.path.name)
        yield from read(position, newest_ns, at_most)

    return noting
