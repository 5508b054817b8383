"""Notices: alerts about the delivery of alerts, such as a hook that fails.

They are rows of the table `alerts` and are published with the next drain of the outbox; hooks that subscribe to alerts
receive them at once, without the feed. A notice of one kind about one subject is published once an hour at most.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

import msgspec

from domain.clock import HOUR, from_datetime
from domain.ids import alert_id
from domain.performance import Alert
from flows.alerts import messages
from flows.alerts.settings import Hook
from store import alerts, webhooks
from store.postgres import Connection, transaction

Kind = Literal["hook_failing", "hook_recovered", "hook_gone", "deliveries_given_up", "messages_skipped"]

_LEVELS: Final[dict[Kind, Literal["info", "warning"]]] = {"hook_recovered": "info"}
"""All other kinds are warnings."""

_encoder = msgspec.json.Encoder()


class Notices:
    """Publishes notices.

    Parameters
    ----------
    hooks
        Hooks that may receive them.
    """

    def __init__(self, hooks: Sequence[Hook]) -> None:
        self._hooks = hooks

    def publish(self, connection: Connection, kind: Kind, subject: str, text: str, value: float, now: datetime) -> None:
        """Publish `text`, unless a notice of this kind about `subject` was published in the same hour.

        Parameters
        ----------
        subject
            The hook or the channel.
        value
            How many deliveries or messages it is about.

        Raises
        ------
        ServiceError
            If Postgres cannot be reached; then nothing was published.
        """
        at_ns = from_datetime(now)
        alert = Alert(
            id=alert_id(kind, subject, at_ns - at_ns % HOUR, 0),
            kind=kind,
            level=_LEVELS.get(kind, "warning"),
            message=text,
            at=now,
            signal_type=None,
            value=value,
            trades=0,
        )
        message = messages.parse("alerts", 0, _encoder.encode(alert))
        with transaction(connection):
            if alerts.write(connection, [alert]) and message is not None:
                webhooks.write(connection, messages.to_deliveries(self._hooks, [message], now), {})
