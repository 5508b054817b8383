"""Every metric of the engine: name, unit, and what to do when it moves.

A registry of its own, so that tests and several engines in one process do not meet. The API shows the
same text on its /metrics, beside its own.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from domain.clock import SECOND
from domain.slices import EMITTED, OUTCOMES, Slice
from domain.vocabulary import Vocabulary
from flows.progress import Progress


class EngineMetrics:
    """The engine's registry and how a Slice moves it."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.registry = CollectorRegistry()
        self._words = vocabulary
        make = {"registry": self.registry}
        self.trades = Counter(
            "trades", "Trades accepted. Flat while the market is open: look at the collector and its venue.", **make
        )
        self.duplicates = Counter(
            "trades_duplicate",
            "Trades seen before. A burst follows a reconnect; a steady rate is a feed sent twice.",
            **make,
        )
        self.late = Counter(
            "trades_late",
            "Trades after their bar had closed. Over 0.1 % of trades: raise lateness_s or mend the feed.",
            **make,
        )
        self.rejects = Counter(
            "input_rejects", "Input that could not be used. Look into the table rejects for the reasons.", **make
        )
        self.gaps = Counter(
            "feed_gaps",
            "Holes in the trades of an instrument. Its signals are suppressed for a while; see table gaps.",
            **make,
        )
        self.bars = Counter(
            "bars_closed", "Closed bars. None for minutes: time stands still, see watermark.", ["timeframe"], **make
        )
        self.events = Counter(
            "events_detected",
            "Events by detector. One that dwarfs the others has lost its base rate.",
            ["type"],
            **make,
        )
        self.candidates = Counter(
            "candidates",
            "Proposals, emitted or suppressed. All suppressed: see mtf_min_aligned and gaps.",
            ["strategy", "status"],
            **make,
        )
        self.outcomes = Counter(
            "signal_outcomes",
            "Emitted signals by how they ended. Few tp_hit against sl_hit: the edge is gone.",
            ["outcome"],
            **make,
        )
        self.returns = Histogram(
            "signal_return_pct", "Net return of emitted signals, percent. The sum below 0: costs or strategy.",
            buckets=(-5, -2, -1, -0.5, -0.2, -0.1, 0, 0.1, 0.2, 0.5, 1, 2, 5), **make,
        )  # fmt: skip
        self.durations = Histogram(
            "signal_duration_seconds", "From entry to end of emitted signals. All at the horizon: targets are too far.",
            buckets=(60, 300, 900, 1800, 3600, 7200, 14400, 28800, 86400), **make,
        )  # fmt: skip
        self.open_candidates = Gauge(
            "open_candidates", "Candidates that are followed. Growth without end: time stands still.", ["shard"], **make
        )
        self.watermark = Gauge(
            "watermark_seconds",
            "Event time up to which all bars are closed, in seconds since 1970. Stands still: no input.",
            ["shard"],
            **make,
        )
        self.epoch_age = Gauge(
            "epoch_age_seconds", "Since state was last saved. Over ten epochs: the disk or Postgres is slow.", **make
        )

    def watch(self, progress: Progress) -> None:
        """Let the epoch's age be read from the source."""
        self.epoch_age.set_function(progress.epoch_age_s)

    def observe(self, given: Slice) -> None:
        """Count what a Slice holds."""
        words, counts = self._words, given.counts
        self.trades.inc(counts.accepted)
        self.duplicates.inc(counts.duplicates)
        self.late.inc(counts.late)
        self.rejects.inc(counts.rejects)
        self.gaps.inc(given.gaps.size)
        for frame, name in enumerate(words.frames):
            self.bars.labels(name).inc(int((given.bars["frame"] == frame).sum()))
        for detector in given.events["detector"].tolist():
            self.events.labels(words.detectors[detector]).inc()
        for candidate in given.candidates:
            status = "emitted" if candidate["status"] == EMITTED else "suppressed"
            self.candidates.labels(words.strategies[candidate["strategy"]], status).inc()
        for outcome in given.outcomes[given.outcomes["status"] == EMITTED]:
            self.outcomes.labels(OUTCOMES[outcome["outcome"]]).inc()
            self.returns.observe(float(outcome["return_pct"]))
            if outcome["entry_at"]:
                self.durations.observe(float(outcome["exit_at"] - outcome["entry_at"]) / SECOND)
        shard = f"{given.shard:02d}"
        self.open_candidates.labels(shard).set(given.open_candidates)
        self.watermark.labels(shard).set(given.watermark / SECOND)
