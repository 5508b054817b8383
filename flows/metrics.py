"""Every metric of the engine: name, unit, and what to do when its value changes.

The registry is separate from the default one, so that tests and several engines in one process do not
conflict. The API includes the same text in its own /metrics.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from domain.aligned import Aligned
from domain.clock import SECOND
from domain.findings import Findings
from domain.slices import EMITTED, OUTCOMES, Slice
from domain.vocabulary import Vocabulary
from domain.whales import KINDS, WhaleFindings
from flows.progress import Progress

COUNTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "trades": ("Trades accepted. If flat while the market is open, check the collector and its venue.", ()),
    "trades_duplicate": ("Duplicate trades. A burst follows a reconnect; a steady rate means a feed sent twice.", ()),
    "trades_late": ("Trades after their bar had closed. Above 0.1 % of trades, raise lateness_s or fix the feed.", ()),
    "input_rejects": ("Invalid input. The table rejects has the reasons.", ()),
    "feed_gaps": ("Gaps in the trades of an instrument, which suppress its signals for a while; see table gaps.", ()),
    "bars_closed": (
        "Closed bars. If none for minutes, event time does not advance: see watermark_seconds.",
        ("timeframe",),
    ),
    "events_detected": ("Events by detector. One that dominates the others has lost its base rate.", ("type",)),
    "candidates": (
        "Candidates. If all are suppressed, see mtf_min_aligned and feed_gaps_total.",
        ("strategy", "status"),
    ),
    "signal_outcomes": (
        "Outcomes of emitted signals. Few tp_hit relative to sl_hit: the strategy has lost its edge.",
        ("outcome",),
    ),
    "whales": (
        "Whales, consensus and disagreement. If many are found and none is emitted, check floor in [whales].",
        ("kind", "status"),
    ),
    "opportunities": (
        "State changes of opportunities. If hundreds open at once, an order book feed is stale.",
        ("kind", "change"),
    ),
    "quotes": ("Order book updates applied. If flat while trades arrive, the order book feed is down.", ()),
    "quotes_unready": ("Updates of books without a snapshot. A steady rate: snapshots are lost.", ()),
    "quotes_unknown": ("Updates of tokens of unknown markets. If growing, market metadata is missing.", ()),
    "books_voided": ("Books invalid until their next snapshot. A steady rate: messages are lost.", ()),
}
GAUGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "open_candidates": (
        "Candidates not yet settled. If they only grow, event time does not advance.",
        ("branch", "shard"),
    ),
    "watermark_seconds": (
        "Event time up to which bars are closed, since 1970. If constant, there is no input.",
        ("branch", "shard"),
    ),
    "epoch_age_seconds": ("Time since state was last saved. Above ten epochs, the disk or Postgres is slow.", ()),
}
HISTOGRAMS: dict[str, tuple[str, tuple[float, ...]]] = {
    "signal_return_pct": (
        "Net return of emitted signals, percent. If the sum is below 0, costs exceed the edge.",
        (-5.0, -2.0, -1.0, -0.5, -0.2, -0.1, 0.0, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0),
    ),
    "signal_duration_seconds": (
        "Time from entry to exit of emitted signals. If all end at the horizon, targets are too far.",
        (60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0, 86400.0),
    ),
}


class EngineMetrics:
    """The engine's registry, and the updates of its metrics; `vocabulary` is that of the branch."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        self._count = {
            name: Counter(name, text, labels, registry=registry) for name, (text, labels) in COUNTERS.items()
        }
        self._gauge = {name: Gauge(name, text, labels, registry=registry) for name, (text, labels) in GAUGES.items()}
        self._spread = {
            name: Histogram(name, text, buckets=buckets, registry=registry)
            for name, (text, buckets) in HISTOGRAMS.items()
        }

    def watch(self, progress: Progress) -> None:
        """Read the age of the epoch from `progress` at each scrape."""
        self._gauge["epoch_age_seconds"].set_function(progress.epoch_age_s)

    def observe_slice(self, shard: int, given: Slice, vocabulary: Vocabulary) -> None:
        """Count the contents of a Slice."""
        counts, count = given.counts, self._count
        count["trades"].inc(counts.accepted)
        count["trades_duplicate"].inc(counts.duplicates)
        count["trades_late"].inc(counts.late)
        count["input_rejects"].inc(counts.rejects)
        count["feed_gaps"].inc(given.gaps.size)
        for frame, name in enumerate(vocabulary.frames):
            count["bars_closed"].labels(name).inc(int((given.bars["frame"] == frame).sum()))
        for detector in given.events["detector"].tolist():
            count["events_detected"].labels(vocabulary.detectors[detector]).inc()
        labels = vocabulary.branch, f"{shard:02d}"
        self._gauge["open_candidates"].labels(*labels).set(given.open_candidates)
        self._gauge["watermark_seconds"].labels(*labels).set(given.watermark / SECOND)

    def observe_decisions(self, given: Aligned, vocabulary: Vocabulary) -> None:
        """Count the candidates and outcomes of all shards."""
        count = self._count
        for candidate in given.candidates:
            status = "emitted" if candidate["status"] == EMITTED else "suppressed"
            count["candidates"].labels(vocabulary.strategies[candidate["strategy"]], status).inc()
        for outcome in given.outcomes[given.outcomes["status"] == EMITTED]:
            count["signal_outcomes"].labels(OUTCOMES[outcome["outcome"]]).inc()
            if outcome["entry_at"]:
                self._spread["signal_return_pct"].observe(float(outcome["return_pct"]))
                duration_ns = float(outcome["exit_at"] - outcome["entry_at"])
                self._spread["signal_duration_seconds"].observe(duration_ns / SECOND)

    def observe_whales(self, given: WhaleFindings) -> None:
        """Count the whale findings of all shards."""
        for row in given.rows:
            status = "emitted" if row["status"] == EMITTED else "suppressed"
            self._count["whales"].labels(KINDS[row["kind"]], status).inc()

    def observe_findings(self, given: Findings) -> None:
        """Count the opportunities and the order book updates of a shard."""
        count, counts = self._count, given.counts
        for one in given.opportunities:
            count["opportunities"].labels(one.kind, one.change).inc()
        count["quotes"].inc(counts.applied)
        count["quotes_unready"].inc(counts.unready)
        count["quotes_unknown"].inc(counts.unknown)
        count["books_voided"].inc(counts.voided)
