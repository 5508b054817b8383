import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.blocks import TRADE, heartbeats, read_block
from domain.clock import MINUTE
from domain.frames import Frame
from domain.instruments import SHARDS, instrument_id, shard_of
from domain.slices import BAR, Reject
from flows.shards import KEYS
from flows.sources.merge import Merged
from flows.sources.split import Split
from tests.flows.sources.memory import names, rejects, streams

NAMES = {instrument_id(name): name for name in ("x:A", "x:B", "x:C", "x:D")}
FRAME = Frame("1s", 1_000_000_000)
rows_of = st.lists(st.tuples(st.integers(1, 9), st.sampled_from(sorted(NAMES))), max_size=25)


def merged_of(rows: list[tuple[int, int]], *, of_bars: bool) -> Merged:
    """Rows (twentieths of a minute, instrument) in order of time; keys are their times."""
    rows = sorted(rows)
    made = np.zeros(len(rows), BAR if of_bars else TRADE)
    made["close_time" if of_bars else "ts"] = [at * MINUTE // 3 for at, _ in rows]
    made["instrument"] = [instrument for _, instrument in rows]
    made["trades" if of_bars else "id"] = np.arange(len(rows))
    return Merged(made, np.array([at * MINUTE // 3 for at, _ in rows], np.int64), NAMES, [])


def naive(merged: Merged, *, of_bars: bool) -> dict[str, list[object]]:
    received: dict[str, list[object]] = {}
    minute = None
    for at, key in enumerate(merged.keys.tolist()):
        if key // MINUTE != minute:
            minute = key // MINUTE
            for each in KEYS:
                received.setdefault(each, []).append(("trades", heartbeats([key - of_bars]).tobytes()))
        row = merged.rows[at : at + 1]
        received[KEYS[shard_of(int(row["instrument"][0]))]].append(("bars" if of_bars else "trades", row.tobytes()))
    return received


@pytest.mark.parametrize("of_bars", [False, True])
@given(rows=rows_of, cuts=st.lists(st.integers(0, 25), max_size=3))
def test_each_shard_receives_its_rows_and_every_heartbeat(
    of_bars: bool, rows: list[tuple[int, int]], cuts: list[int]
) -> None:
    merged = merged_of(rows, of_bars=of_bars)
    split = Split(FRAME if of_bars else None)
    items = []
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(rows)], strict=True):
        items += split.items(Merged(merged.rows[start:end], merged.keys[start:end], merged.names, []))
        split = Split(FRAME if of_bars else None, tuple(split.named), split.period)
    assert streams(items) == naive(merged, of_bars=of_bars)
    instruments = list(dict.fromkeys(merged.rows["instrument"].tolist()))
    received = names(items)
    assert sorted(number for _, number, _ in received) == sorted(instruments)
    assert all((key, name) == (KEYS[shard_of(number)], NAMES[number]) for key, number, name in received)
    for key in KEYS:
        own = [number for each, number, _ in received if each == key]
        assert own == [number for number in instruments if KEYS[shard_of(number)] == key]


def test_names_go_ahead_of_rows() -> None:
    items = Split(None).items(merged_of([(1, min(NAMES)), (1, min(NAMES))], of_bars=False))
    kinds = [read_block(block)[0] for key, block in items if key == KEYS[shard_of(min(NAMES))]]
    assert kinds == ["names", "trades"]


def test_rejects_go_to_the_first_shard() -> None:
    reject = Reject("x.csv", 7, "broken", b"raw")
    merged = merged_of([], of_bars=False)
    assert rejects(Split(None).items(merged._replace(rejects=[reject]))) == [(KEYS[0], reject)]


def test_the_end_is_sent_to_every_shard() -> None:
    items = Split(None).end(7)
    assert streams(items) == {key: [("trades", heartbeats([7]).tobytes())] for key in KEYS}
    assert len(items) == SHARDS
