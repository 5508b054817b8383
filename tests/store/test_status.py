import redis

from store import status
from tests.store.conftest import Asker


def test_a_text_is_read_until_its_time_is_over(client: redis.Redis, ask_redis: Asker) -> None:
    assert status.get_text(client, "status:engine") is None
    status.set_text(client, "status:engine", '{"état": "☃"}', ttl_s=60)
    assert status.get_text(client, "status:engine") == '{"état": "☃"}'
    assert ask_redis(status.get_text_async, "status:engine") == '{"état": "☃"}'
    assert 59_000 < client.pttl("status:engine") <= 60_000
    assert ask_redis(status.get_text_async, "metrics:engine") is None
