from datetime import timedelta

from api.memory.shared import ANSWERS_MAX, BYTES_MAX, Shared
from api.rest.answer import Answer
from tests.api.builders import BEGIN

LATER = BEGIN + timedelta(minutes=1)


def test_an_answer_holds_until_its_stamp_or_the_time_is_another() -> None:
    shared, answer = Shared(), Answer.ready(b"{}", {})
    assert shared.get("a", 1, BEGIN) is None
    for stamp, at, told in ((1, BEGIN, answer), (2, BEGIN, None), (1, LATER, None)):
        shared.keep("a", 1, LATER, answer)
        assert shared.get("a", stamp, at) is told
        assert len(shared) == (told is not None)


def test_what_was_not_asked_for_longest_goes_first() -> None:
    shared = Shared()
    for number in range(ANSWERS_MAX):
        shared.keep(number, 0, LATER, Answer(b"x"))
    assert shared.get(0, 0, BEGIN) is not None
    shared.keep("new", 0, LATER, Answer(b"x"))
    assert len(shared) == ANSWERS_MAX
    assert shared.get(1, 0, BEGIN) is None
    assert shared.get(0, 0, BEGIN) is not None


def test_bytes_are_bounded() -> None:
    shared, body = Shared(), bytes(BYTES_MAX // 4)
    for number in range(6):
        shared.keep(number, 0, LATER, Answer(body))
    assert [number for number in range(6) if shared.get(number, 0, BEGIN)] == [2, 3, 4, 5]
    shared.keep("huge", 0, LATER, Answer(body + b"x"))
    assert len(shared) == 4
