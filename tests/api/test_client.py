import json

from hypothesis import given, settings
from hypothesis import strategies as st

from api.client import BATCH_CHARACTERS, WORDS_MAX, Client, Subscription
from api.messages import CLOSE_SLOW, Filter
from api.ring import Facts, Message, Ring

EVERYTHING = Filter()


def client_of(ring: Ring, *channels: str, wanted: Filter = EVERYTHING) -> Client:
    client = Client(ring, wake=lambda: None, drop=lambda: None, now_s=0)
    for channel in channels:
        client.subscriptions[channel] = Subscription(channel, wanted, ring.newest.get(channel, 0))
    return client


def message(channel: str, seq: int, symbol: str = "A", size: int = 0) -> Message:
    text = json.dumps({"channel": channel, "seq": seq, "pad": "x" * size})
    return Message(channel, seq, text, Facts(symbol=symbol))


steps = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.sampled_from(["signals", "alerts"]), st.sampled_from("AB")),
        st.just("take"),
    ),
    max_size=60,
)


@settings(max_examples=300)
@given(steps, st.integers(1, 8), st.booleans())
def test_all_that_is_wanted_comes_once_in_order_or_lies_in_a_gap(
    steps: list[tuple[str, str, str] | str], capacity: int, only_a: bool
) -> None:
    ring = Ring(capacity, 10**6)
    client = client_of(ring, "signals", "alerts", wanted=Filter(symbols=frozenset("A") if only_a else None))
    published: list[Message] = []
    delivered: list[tuple[str, int]] = []
    missed: list[tuple[str, int]] = []

    def take() -> None:
        for gap in client.overtaken("e"):
            assert gap.last is not None
            inside = [m for m in published if m.channel == gap.channel and gap.first <= m.seq <= gap.last]
            assert inside, "a gap where nothing was"
            missed.extend((m.channel, m.seq) for m in inside)
        delivered.extend((said["channel"], said["seq"]) for said in map(json.loads, client.take()))

    for step in [*steps, "take"]:
        if isinstance(step, str):
            take()
        else:
            _, channel, symbol = step
            published.append(message(channel, len(published) + 1, symbol))
            ring.append(published[-1])

    wanted = [(m.channel, m.seq) for m in published if m.facts is not None and (not only_a or m.facts.symbol == "A")]
    assert delivered == [place for place in wanted if place not in missed]
    assert len(missed) == len(set(missed))


def test_nothing_is_missed_by_who_keeps_up() -> None:
    ring = Ring(1, 10**6)
    client = client_of(ring, "signals")
    for seq in range(1, 100):
        ring.append(message("signals", seq))
        assert client.overtaken("e") == []
        assert [json.loads(text)["seq"] for text in client.take()] == [seq]


def test_a_batch_is_bounded() -> None:
    ring = Ring(1000, 10**8)
    client = client_of(ring, "signals")
    for seq in range(1, 101):
        ring.append(message("signals", seq, size=10_000))
    taken = client.take()
    assert BATCH_CHARACTERS <= sum(map(len, taken)) < BATCH_CHARACTERS + 11_000
    rest = []
    while texts := client.take():
        rest += texts
    assert [json.loads(text)["seq"] for text in taken + rest] == list(range(1, 101))


def test_set_back_for_one_channel_nothing_comes_twice_on_another() -> None:
    ring = Ring(100, 10**6)
    client = client_of(ring, "signals")
    for seq in range(1, 11):
        ring.append(message("signals" if seq % 2 else "alerts", seq))
    assert len(client.take()) == 5
    client.subscriptions["alerts"] = Subscription("alerts", Filter(), 4)
    position = ring.after("alerts", 4)
    assert position is not None
    client.position = min(client.position, position)
    assert [json.loads(text)["seq"] for text in client.take()] == [6, 8, 10]


def test_who_does_not_take_answers_is_closed() -> None:
    client = client_of(Ring(1, 1))
    reasons = []
    for _ in range(WORDS_MAX + 1):
        client.tell("word")
        reasons.append(client.closing)
    assert reasons == [None] * WORDS_MAX + [(CLOSE_SLOW, "answers were not taken")]
    assert client.last_words() == ["word"] * WORDS_MAX


def test_words_come_before_the_ring_and_once() -> None:
    ring = Ring(10, 10**6)
    client = client_of(ring, "signals")
    ring.append(message("signals", 1))
    client.tell("word")
    taken = client.take()
    assert taken[0] == "word"
    assert json.loads(taken[1])["seq"] == 1
    assert client.take() == []


def test_the_first_reason_to_close_stands() -> None:
    client = client_of(Ring(1, 1))
    client.close(4429, "first")
    client.close(4408, "second")
    assert client.closing == (4429, "first")
