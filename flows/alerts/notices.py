"""Notices: what has to be said about telling itself, as alerts like all others.

They are rows of the table `alerts`, announced by whoever next empties the outbox; hooks that listen to alerts are told
at once, without the feed. One kind is said of one subject once an hour at most, however often it happens.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

import msgspec

from domain.clock import HOUR, from_datetime
from domain.ids import alert_id
from domain.performance import Alert
from flows.alerts import letters
from flows.alerts.settings import Hook
from store import alerts, webhooks
from store.postgres import Connection, transaction

Kind = Literal["hook_failing", "hook_recovered", "hook_gone", "deliveries_given_up", "messages_skipped"]

_LEVELS: Final[dict[Kind, Literal["info", "warning"]]] = {"hook_recovered": "info"}

_encoder = msgspec.json.Encoder()


class Notices:
    """Where they are said.

    Parameters
    ----------
    hooks
        Who may want to hear of them.
    """

    def __init__(self, hooks: Sequence[Hook]) -> None:
        self._hooks = hooks

    def say(self, connection: Connection, kind: Kind, subject: str, message: str, value: float, now: datetime) -> None:
        """Say `message`, unless this was said of `subject` within the hour.

        Parameters
        ----------
        subject
            The hook or the channel.
        value
            How many it is about.

        Raises
        ------
        ServiceError
            If Postgres cannot be reached; then nothing was said.
        """
        at_ns = from_datetime(now)
        alert = Alert(
            id=alert_id(kind, subject, at_ns - at_ns % HOUR, 0),
            kind=kind,
            level=_LEVELS.get(kind, "warning"),
            message=message,
            at=now,
            signal_type=None,
            value=value,
            trades=0,
        )
        heard = letters.read("alerts", 0, _encoder.encode(alert))
        with transaction(connection):
            if alerts.write(connection, [alert]) and heard is not None:
                webhooks.write(connection, letters.deliveries(self._hooks, [heard], now), {})
