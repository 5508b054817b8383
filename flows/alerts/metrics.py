"""Every metric of telling: name, and what to do when it moves. The API shows them on its /metrics.

Deliveries that wait, and circuits, are told by whoever has the turn; it tells of hooks by their names alone.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from store.webhooks import Count

Outcome = Literal["delivered", "failed", "held", "given_up"]
OUTCOMES: Final[tuple[Outcome, ...]] = ("delivered", "failed", "held", "given_up")
CIRCUITS: Final = {"closed": 0, "open": 1, "gone": 2}


class AlertMetrics:
    """What is counted, from the start of the process on.

    Parameters
    ----------
    hooks
        Names; each has its series from the start, so that a rate is known at the first failure.
    channels
        Those that the hooks listen to.
    """

    def __init__(self, hooks: Iterable[str], channels: Iterable[str]) -> None:
        registry = self._registry = CollectorRegistry()
        self._deliveries = Counter(
            "alerts_deliveries",
            "Attempts by how they ended. failed grows: see last_error in the table webhook_deliveries; "
            "held: the receiver asks for less, give its hook more conditions; given_up: it was told nothing.",
            ("hook", "outcome"),
            registry=registry,
        )
        self._circuit = Gauge(
            "alerts_circuit",
            "0 closed, 1 open, 2 gone. Not 0: the receiver fails, mend it; of one that is gone (it said 410) restart "
            "alerts with another address.",
            ("hook",),
            registry=registry,
        )
        self._waiting = Gauge(
            "alerts_waiting",
            "Deliveries that wait. Growth without end: the receiver takes less than comes, give its hook more "
            "conditions; over waiting_max the oldest are given up.",
            ("hook",),
            registry=registry,
        )
        self._oldest = Gauge(
            "alerts_oldest_waiting_seconds",
            "Age of the oldest delivery that waits; 0 if none does. Over a minute: people learn late, see "
            "alerts_circuit; at give_up_s it is given up.",
            ("hook",),
            registry=registry,
        )
        self._recovered = Counter(
            "alerts_messages_recovered",
            "Deliveries made from the ledger. Any: Redis lost entries, see that it keeps its append-only file.",
            ("channel",),
            registry=registry,
        )
        self._skipped = Counter(
            "alerts_messages_skipped",
            "Messages that no hook was told of. Any: alerts was away for longer than give_up_s, read them in the "
            "ledger.",
            ("channel",),
            registry=registry,
        )
        self._hooks = sorted(hooks)
        for hook in self._hooks:
            for outcome in OUTCOMES:
                self._deliveries.labels(hook, outcome)
            self.circuit(hook, "closed")
        for channel in sorted(channels):
            self._recovered.labels(channel)
            self._skipped.labels(channel)

    def tried(self, hook: str, outcome: Outcome, count: int = 1) -> None:
        """Deliveries of `hook` ended so, or are to be tried again."""
        self._deliveries.labels(hook, outcome).inc(count)

    def circuit(self, hook: str, state: Literal["closed", "open", "gone"]) -> None:
        """How it stands with a hook."""
        self._circuit.labels(hook).set(CIRCUITS[state])

    def recovered(self, channel: str, count: int) -> None:
        """So many deliveries were made from the ledger."""
        self._recovered.labels(channel).inc(count)

    def skipped(self, channel: str, count: int) -> None:
        """So many messages were passed over."""
        self._skipped.labels(channel).inc(count)

    def text(self, waiting: Iterable[Count], now: datetime) -> str:
        """All of them in Prometheus' text format.

        Parameters
        ----------
        waiting
            What waits, by hook.
        """
        found = {count.hook: count for count in waiting}
        for hook in self._hooks:
            count = found.get(hook)
            self._waiting.labels(hook).set(count.deliveries if count else 0)
            self._oldest.labels(hook).set(max((now - count.oldest_at).total_seconds(), 0.0) if count else 0.0)
        return generate_latest(self._registry).decode()
