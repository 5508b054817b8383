import json
from datetime import UTC, datetime, timedelta

import psycopg
import redis

from flows.alerts.notices import Notices
from flows.alerts.settings import Hook
from store import feed, outbox, webhooks

AT = datetime(2026, 11, 20, 12, 10, tzinfo=UTC)
HOOKS = (
    Hook(name="desk", channels=("alerts",), levels=("warning",)),
    Hook(name="phone", channels=("signals",)),
)


def test_notice_is_delivered_at_once_and_published_as_an_alert(
    connection: psycopg.Connection, client: redis.Redis
) -> None:
    Notices(HOOKS).publish(connection, "hook_gone", "phone", "It is gone.", 3.0, AT)
    (delivery,) = webhooks.due(connection, "desk", AT)
    body = json.loads(delivery.body)
    assert (body["seq"], body["text"]) == (None, "WARNING: It is gone.")
    assert (body["data"]["kind"], body["data"]["value"], body["data"]["signal_type"]) == ("hook_gone", 3.0, None)
    assert webhooks.due(connection, "phone", AT) == []
    outbox.drain(connection, client)
    ((_, _, payload),) = feed.read_blocking(client, {"alerts": 0}, block_ms=1)
    assert json.loads(payload) == body["data"]


def test_same_notice_is_published_once_an_hour(connection: psycopg.Connection) -> None:
    notices = Notices(HOOKS)
    for minutes in (0, 1, 49, 50):
        notices.publish(connection, "hook_gone", "phone", "It is gone.", 3.0, AT + timedelta(minutes=minutes))
    notices.publish(connection, "hook_gone", "other", "It is gone.", 3.0, AT)
    notices.publish(connection, "hook_failing", "phone", "It fails.", 3.0, AT)
    notices.publish(connection, "hook_recovered", "phone", "It is well.", 3.0, AT)
    rows = connection.execute("SELECT kind, level, count(*) FROM alerts GROUP BY kind, level ORDER BY kind").fetchall()
    assert rows == [("hook_failing", "warning", 1), ("hook_gone", "warning", 3), ("hook_recovered", "info", 1)]
    assert len(webhooks.due(connection, "desk", AT + timedelta(days=1), 9)) == 4
