import redis

from store import status
from tests.store.conftest import AsyncCaller


def test_text_is_read_until_it_expires(client: redis.Redis, call_redis: AsyncCaller) -> None:
    assert status.get_text(client, "status:engine") is None
    status.set_text(client, "status:engine", '{"état": "☃"}', ttl_s=60)
    assert status.get_text(client, "status:engine") == '{"état": "☃"}'
    assert call_redis(status.get_text_async, "status:engine") == '{"état": "☃"}'
    assert 59_000 < client.pttl("status:engine") <= 60_000
    assert call_redis(status.get_text_async, "metrics:engine") is None
