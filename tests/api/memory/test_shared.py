from datetime import timedelta

from api.memory.shared import Shared
from api.rest.result import Result
from tests.api.builders import BEGIN

LATER = BEGIN + timedelta(minutes=1)


def test_an_answer_holds_until_its_stamp_or_the_time_is_another() -> None:
    shared, answer = Shared(), Result.from_bytes(b"{}", {})
    assert shared.get("a", 1, BEGIN) is None
    for stamp, at, told in ((1, BEGIN, answer), (2, BEGIN, None), (1, LATER, None)):
        shared.keep("a", 1, LATER, answer)
        assert shared.get("a", stamp, at) is told
        assert len(shared) == (told is not None)
