"""Runs the service in a thread, publishes messages, and reads the state of their deliveries."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import msgspec
import psycopg
import redis

from flows.alerts import service
from flows.alerts.settings import AlertSettings, Hook, Target
from store import feed

SECRET = b"0123456789abcdef0123456789abcdef"
HOOK = Hook(name="desk", url="-", secret_variable="-", channels=("signals", "alerts"))
SETTINGS = AlertSettings(hooks=(HOOK,), private_networks=("127.0.0.0/8",), timeout_s=5.0)


RunService = Callable[..., Any]


@contextmanager
def running(
    database_url: str, redis_url: str, targets: dict[str, str], settings: AlertSettings = SETTINGS
) -> Iterator[None]:
    """Runs the service while the context is active; a target that is no hook of `settings` gets a copy of `HOOK`."""
    configured = {hook.name: hook for hook in settings.hooks}
    hooks = tuple(configured.get(name, msgspec.structs.replace(HOOK, name=name)) for name in targets)
    stopping = threading.Event()
    running_service = service.Service(
        msgspec.structs.replace(settings, hooks=hooks),
        {name: Target(url=url, keys=(SECRET,)) for name, url in targets.items()},
        now_ns=time.time_ns,
        steady_s=time.monotonic,
        random=Random(1),
        stopping=stopping,
    )
    thread = threading.Thread(target=running_service.run, args=(database_url, redis_url))
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join(20)
        assert not thread.is_alive()


def publish(client: redis.Redis, *seqs: int, channel: str = "alerts", **fields: Any) -> None:
    entries = [
        (seq, json.dumps({"id": str(seq), "level": "warning", "message": f"number {seq}", **fields}).encode())
        for seq in seqs
    ]
    assert feed.publish(client, channel, entries) == len(seqs)


def has_started(connection: psycopg.Connection) -> bool:
    """Whether the consumer has stored its position in the feed."""
    return bool(connection.execute("SELECT 1 FROM webhook_positions").fetchone())


def statuses(connection: psycopg.Connection, hook: str = "desk") -> dict[int, tuple[str, int, int | None]]:
    """Sequence number to status, attempts and last HTTP status, of deliveries of the feed."""
    rows = connection.execute(
        "SELECT seq, status, attempts, last_status FROM webhook_deliveries WHERE hook = %s AND seq > 0 ORDER BY seq",
        (hook,),
    )
    return {seq: (status, attempts, last_status) for seq, status, attempts, last_status in rows.fetchall()}
