"""Metrics of alerts: each help text says what to do when the value changes. The API serves them on its /metrics.

Only the active process writes them. Hooks are labelled by name; URLs and secrets appear nowhere.
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
    """Counters and gauges since the start of the process.

    Parameters
    ----------
    hooks
        Names of the hooks; their series exist from the start, so that a rate is defined at the first failure.
    channels
        Channels that the hooks subscribe to.
    """

    def __init__(self, hooks: Iterable[str], channels: Iterable[str]) -> None:
        registry = self._registry = CollectorRegistry()
        self._deliveries = Counter(
            "alerts_deliveries",
            "Delivery attempts by outcome. failed grows: see last_error in the table webhook_deliveries; "
            "held: the receiver limits the rate, add conditions to its hook; given_up: it was never delivered.",
            ("hook", "outcome"),
            registry=registry,
        )
        self._circuit = Gauge(
            "alerts_circuit",
            "0 closed, 1 open, 2 gone. 1: the receiver fails, repair it; 2: it responded 410, restart alerts with "
            "another URL.",
            ("hook",),
            registry=registry,
        )
        self._waiting = Gauge(
            "alerts_waiting",
            "Deliveries that wait. Steady growth: the receiver is slower than the messages, add conditions to its "
            "hook; above waiting_max the oldest are given up.",
            ("hook",),
            registry=registry,
        )
        self._oldest = Gauge(
            "alerts_oldest_waiting_seconds",
            "Age of the oldest delivery that waits; 0 if none does. Over a minute: messages arrive late, see "
            "alerts_circuit; at give_up_s it is given up.",
            ("hook",),
            registry=registry,
        )
        self._recovered = Counter(
            "alerts_messages_recovered",
            "Deliveries of messages recovered from the database. Above 0: Redis lost entries, check its append-only "
            "file.",
            ("channel",),
            registry=registry,
        )
        self._skipped = Counter(
            "alerts_messages_skipped",
            "Messages that were not delivered. Above 0: alerts was not running for longer than give_up_s, query the "
            "API for them.",
            ("channel",),
            registry=registry,
        )
        self._hooks = sorted(hooks)
        for hook in self._hooks:
            for outcome in OUTCOMES:
                self._deliveries.labels(hook, outcome)
            self.set_circuit(hook, "closed")
        for channel in sorted(channels):
            self._recovered.labels(channel)
            self._skipped.labels(channel)

    def add_attempts(self, hook: str, outcome: Outcome, count: int = 1) -> None:
        """Count attempts at deliveries of `hook`, by their outcome."""
        self._deliveries.labels(hook, outcome).inc(count)

    def set_circuit(self, hook: str, state: Literal["closed", "open", "gone"]) -> None:
        """Set the state of the circuit breaker of a hook."""
        self._circuit.labels(hook).set(CIRCUITS[state])

    def add_recovered(self, channel: str, count: int) -> None:
        """Count deliveries of messages that were recovered from the database."""
        self._recovered.labels(channel).inc(count)

    def add_skipped(self, channel: str, count: int) -> None:
        """Count messages that were skipped."""
        self._skipped.labels(channel).inc(count)

    def render(self, waiting: Iterable[Count], now: datetime) -> str:
        """All metrics in the text format of Prometheus.

        Parameters
        ----------
        waiting
            Counts of waiting deliveries, by hook.
        """
        counts = {count.hook: count for count in waiting}
        for hook in self._hooks:
            count = counts.get(hook)
            self._waiting.labels(hook).set(count.deliveries if count else 0)
            self._oldest.labels(hook).set(max((now - count.oldest_at).total_seconds(), 0.0) if count else 0.0)
        return generate_latest(self._registry).decode()
