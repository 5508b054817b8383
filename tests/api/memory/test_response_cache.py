from datetime import timedelta

from api.memory.response_cache import ResponseCache
from api.rest.result import Result
from tests.api.builders import BEGIN

LATER = BEGIN + timedelta(minutes=1)


def test_a_response_is_valid_until_its_version_changes_or_it_expires() -> None:
    cache, result = ResponseCache(), Result.from_bytes(b"{}", {})
    assert cache.get("a", 1, BEGIN) is None
    for version, at, expected in ((1, BEGIN, result), (2, BEGIN, None), (1, LATER, None)):
        cache.put("a", 1, LATER, result)
        assert cache.get("a", version, at) is expected
        assert len(cache) == (expected is not None)
