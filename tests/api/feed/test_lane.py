import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from api.feed.filters import ANY, Filter
from api.feed.lane import BATCH_BYTES, Lane, Subscription
from api.feed.ring import Attributes, Message, Ring
from api.feed.wire_format import WireFormat


def lane_of(ring: Ring, *channels: str, filter_: Filter = ANY, latest: bool = False) -> Lane:
    lane = Lane(ring, latest=latest)
    for channel in channels:
        lane.subscriptions[channel] = Subscription(channel, filter_, ring.newest.get(channel, 0))
    return lane


def message(channel: str, seq: int, symbol: str = "A", size: int = 0) -> Message:
    body = json.dumps({"channel": channel, "seq": seq, "symbol": symbol, "pad": "x" * size}).encode()
    return Message(channel, seq, body, Attributes(id=symbol, symbol=symbol))


def read_all(lane: Lane, ring: Ring) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lane.read(ring.head, WireFormat.LINE).data.splitlines()]


steps = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.sampled_from(["signals", "alerts"]), st.sampled_from("AB")),
        st.just("read"),
    ),
    max_size=60,
)


@settings(max_examples=300)
@given(steps, st.integers(1, 8), st.booleans())
def test_matching_messages_are_read_once_in_order_or_lie_in_a_gap(
    steps: list[tuple[str, str, str] | str], capacity: int, only_a: bool
) -> None:
    ring = Ring(capacity, 10**6)
    lane = lane_of(ring, "signals", "alerts", filter_=Filter(symbols=frozenset("A") if only_a else None))
    published: list[Message] = []
    delivered: list[tuple[str, int]] = []
    missed: list[tuple[str, int]] = []

    def read() -> None:
        for gap in lane.collect_gaps():
            assert gap.last is not None
            covered = [m for m in published if m.channel == gap.channel and gap.first <= m.seq <= gap.last]
            assert covered, "a gap without a message"
            missed.extend((m.channel, m.seq) for m in covered)
        delivered.extend((one["channel"], one["seq"]) for one in read_all(lane, ring))

    for step in [*steps, "read"]:
        if isinstance(step, str):
            read()
        else:
            _, channel, symbol = step
            published.append(message(channel, len(published) + 1, symbol))
            ring.append(published[-1])

    expected = [
        (m.channel, m.seq) for m in published if m.attributes is not None and (not only_a or m.attributes.symbol == "A")
    ]
    assert delivered == [position for position in expected if position not in missed]
    assert len(missed) == len(set(missed))


@given(st.lists(st.lists(st.sampled_from("ABC"), max_size=9), max_size=9), st.sampled_from([0, BATCH_BYTES // 2]))
def test_latest_reads_the_newest_message_of_each_key(bursts: list[list[str]], size: int) -> None:
    """Also when large messages are split into several batches."""
    ring = Ring(1000, 10**9)
    lane = lane_of(ring, "signals", latest=True)
    for symbols in bursts:
        newest = {}
        for symbol in symbols:
            ring.append(message("signals", ring.newest.get("signals", 0) + 1, symbol, size))
            newest[symbol] = ring.newest["signals"]
        seqs: list[int] = []
        while lane.position < ring.head:
            seqs += [one["seq"] for one in read_all(lane, ring)]
        assert seqs == sorted(newest.values())


def test_a_lane_that_keeps_up_has_no_gaps() -> None:
    ring = Ring(1, 10**6)
    lane = lane_of(ring, "signals")
    for seq in range(1, 100):
        ring.append(message("signals", seq))
        assert lane.collect_gaps() == []
        assert [one["seq"] for one in read_all(lane, ring)] == [seq]


def test_a_batch_is_bounded() -> None:
    ring = Ring(1000, 10**8)
    lane = lane_of(ring, "signals")
    for seq in range(1, 101):
        ring.append(message("signals", seq, size=10_000))
    batch = lane.read(ring.head, WireFormat.LINE)
    assert BATCH_BYTES <= len(batch.data) < BATCH_BYTES + 11_000
    rest = [json.loads(line)["seq"] for line in batch.data.splitlines()]
    while more := read_all(lane, ring):
        rest += [message["seq"] for message in more]
    assert rest == list(range(1, 101))


def test_a_rewind_for_one_channel_repeats_nothing_on_another() -> None:
    ring = Ring(100, 10**6)
    lane = lane_of(ring, "signals")
    for seq in range(1, 11):
        ring.append(message("signals" if seq % 2 else "alerts", seq))
    assert len(read_all(lane, ring)) == 5
    lane.subscriptions["alerts"] = Subscription("alerts", ANY, 4)
    position = ring.position_after("alerts", 4)
    assert position is not None
    lane.position = min(lane.position, position)
    assert [one["seq"] for one in read_all(lane, ring)] == [6, 8, 10]
