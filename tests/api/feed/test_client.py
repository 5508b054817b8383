from api.feed.client import PENDING_MAX
from api.feed.hub import Hub
from api.feed.messages import CLOSE_RATE_LIMITED, CLOSE_SLOW, GoingAway
from api.metrics import Metrics
from api.settings import ApiSettings
from tests.api.feed.recording_sink import RecordingSink


def make_hub() -> Hub:
    return Hub(ApiSettings(), Metrics(), lambda: 0.0)


def test_messages_for_a_blocked_client_are_held_and_sent_first() -> None:
    hub = make_hub()
    sink = RecordingSink(hub)
    hub.pause_writing(sink.client)
    hub.send(sink.client, GoingAway(1))
    hub.send(sink.client, GoingAway(2))
    assert sink.take() == []
    hub.resume_writing(sink.client)
    assert [message["reconnect_after_ms"] for message in sink.take()] == [1, 2]


def test_a_client_with_too_many_held_messages_is_closed() -> None:
    hub = make_hub()
    sink = RecordingSink(hub)
    sink.client.blocked_since_s = 0.0
    for _ in range(PENDING_MAX):
        hub.send(sink.client, GoingAway(1))
        assert sink.closed is None
    sink.client.sink.write = sink.writes.append  # type: ignore[method-assign]  # held messages are written before the close
    hub.send(sink.client, GoingAway(1))
    assert sink.closed == (CLOSE_SLOW, "replies were not read; reconnect and resume")
    assert len(sink.take()) == PENDING_MAX


def test_the_first_close_reason_counts_and_nothing_is_sent_after_it() -> None:
    hub = make_hub()
    sink = RecordingSink(hub)
    hub.close(sink.client, CLOSE_RATE_LIMITED, "first")
    hub.close(sink.client, CLOSE_SLOW, "second")
    hub.send(sink.client, GoingAway(1))
    assert sink.closed == (CLOSE_RATE_LIMITED, "first")
    assert sink.take() == []
