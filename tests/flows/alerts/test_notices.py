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


def test_notice_is_an_alert_that_is_told_at_once_and_announced(
    connection: psycopg.Connection, client: redis.Redis
) -> None:
    Notices(HOOKS).say(connection, "hook_gone", "phone", "It is gone.", 3.0, AT)
    (delivery,) = webhooks.due(connection, "desk", AT)
    said = json.loads(delivery.body)
    assert (said["seq"], said["text"]) == (None, "WARNING: It is gone.")
    assert (said["data"]["kind"], said["data"]["value"], said["data"]["signal_type"]) == ("hook_gone", 3.0, None)
    assert webhooks.due(connection, "phone", AT) == []
    outbox.drain(connection, client)
    ((_, _, payload),) = feed.follow(client, {"alerts": 0}, block_ms=1)
    assert json.loads(payload) == said["data"]


def test_same_is_said_once_an_hour(connection: psycopg.Connection) -> None:
    notices = Notices(HOOKS)
    for minutes in (0, 1, 49, 50):
        notices.say(connection, "hook_gone", "phone", "It is gone.", 3.0, AT + timedelta(minutes=minutes))
    notices.say(connection, "hook_gone", "other", "It is gone.", 3.0, AT)
    notices.say(connection, "hook_failing", "phone", "It fails.", 3.0, AT)
    notices.say(connection, "hook_recovered", "phone", "It is well.", 3.0, AT)
    rows = connection.execute("SELECT kind, level, count(*) FROM alerts GROUP BY kind, level ORDER BY kind").fetchall()
    assert rows == [("hook_failing", "warning", 1), ("hook_gone", "warning", 3), ("hook_recovered", "info", 1)]
    assert len(webhooks.due(connection, "desk", AT + timedelta(days=1), 9)) == 4
