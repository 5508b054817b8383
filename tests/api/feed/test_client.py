from api.feed.client import WORDS_MAX
from api.feed.hub import Hub
from api.feed.messages import CLOSE_FLOODING, CLOSE_SLOW, GoingAway
from api.metrics import Metrics
from api.settings import ApiSettings
from tests.api.feed.sink import Kept


def hub() -> Hub:
    return Hub(ApiSettings(), Metrics(), lambda: 0.0)


def test_words_wait_for_room_and_come_first() -> None:
    house = hub()
    sink = Kept(house)
    house.full(sink.client)
    house.tell(sink.client, GoingAway(1))
    house.tell(sink.client, GoingAway(2))
    assert sink.take() == []
    house.room(sink.client)
    assert [word["reconnect_after_ms"] for word in sink.take()] == [1, 2]


def test_who_does_not_take_answers_is_closed() -> None:
    house = hub()
    sink = Kept(house)
    sink.client.full_since_s = 0.0
    for _ in range(WORDS_MAX):
        house.tell(sink.client, GoingAway(1))
        assert sink.closed is None
    sink.client.sink.write = sink.writes.append  # type: ignore[method-assign]  # what it holds is written all the same
    house.tell(sink.client, GoingAway(1))
    assert sink.closed == (CLOSE_SLOW, "answers were not taken")
    assert len(sink.take()) == WORDS_MAX


def test_the_first_reason_to_close_stands_and_nothing_is_said_after() -> None:
    house = hub()
    sink = Kept(house)
    house.close(sink.client, CLOSE_FLOODING, "first")
    house.close(sink.client, CLOSE_SLOW, "second")
    house.tell(sink.client, GoingAway(1))
    assert sink.closed == (CLOSE_FLOODING, "first")
    assert sink.take() == []
