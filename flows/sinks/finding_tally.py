"""Finding tallies: the whales and opportunities that a run found, as counts, as lists and as one digest.

Whales are hashed in the order in which the aligned stream released them, opportunities shard by shard, plan
and risk included; nothing that depends on batches or workers is hashed.
"""

import hashlib
from collections import Counter
from datetime import datetime
from pathlib import Path

import msgspec
from bytewax.outputs import StatefulSinkPartition

from domain.findings import BookCounts, Findings
from domain.instruments import SHARDS, symbol_of
from domain.opportunities import CHANGES
from domain.whale_trades import WhaleTrade
from domain.whales import WhaleCounts, WhaleFindings
from flows import whale_records
from flows.sinks.partitions import PartitionPerShardSink, SinglePartitionSink
from flows.sinks.tally import fingerprints

LISTED = 1_000
"""Largest number of whales, and of opportunities, in the lists; the Parquet tables have all."""
WHALES = "whales"


class ListedWhale(msgspec.Struct, frozen=True):
    """A whale, a consensus or a disagreement, without its wallet; the reason includes why it was suppressed."""

    at: datetime
    kind: str
    market: str
    reason: str


class ListedOpportunity(msgspec.Struct, frozen=True):
    """An opportunity as it was opened: sets, dollars after fees and gas, grade, and the reasons for the grade."""

    at: datetime
    kind: str
    market: str
    size: str
    net: str
    grade: str
    reasons: list[str]


class FindingTally(msgspec.Struct):
    """Counts, lists and digest of what was found.

    Attributes
    ----------
    trades
        Trades by how they were processed, as `domain.whales.WhaleCounts`.
    books
        Order book updates by how they were processed, as `domain.findings.BookCounts`.
    whales
        Number emitted for the first time, emitted again and suppressed; consensus and disagreement.
    suppressed
        Suppressed whales by reason.
    opportunities
        Changes by kind of arbitrage.
    sightings, passed_over, chances
        Emitted whales, suppressed ones of at least the headline size, and opportunities; the first `LISTED` of each.
    """

    trades: dict[str, int] = {}
    books: dict[str, int] = {}
    whales: dict[str, int] = {}
    suppressed: dict[str, int] = {}
    opportunities: dict[str, dict[str, int]] = {}
    sightings: list[ListedWhale] = []
    passed_over: list[ListedWhale] = []
    chances: list[ListedOpportunity] = []
    digest: str = ""


def write_empty_finding_tallies(directory: Path) -> None:
    """Write an empty tally for every partition: Bytewax does not build partitions that receive no items."""
    WhaleTallyPartition(directory / f"{WHALES}.json", 0.0).close()
    for shard in range(SHARDS):
        OpportunityTallyPartition(directory / f"baskets-{shard:03d}.json").close()


def read_finding_tallies(directory: Path) -> FindingTally:
    """The tally of a run whose sinks wrote their partial tallies to `directory`."""
    tally = _read(directory / f"{WHALES}.json")
    for shard in range(SHARDS):
        partial = _read(directory / f"baskets-{shard:03d}.json")
        tally.books = _added(tally.books, partial.books)
        for kind, changes in partial.opportunities.items():
            tally.opportunities[kind] = _added(tally.opportunities.get(kind, {}), changes)
        tally.chances += partial.chances
        tally.digest = hashlib.sha256((tally.digest + partial.digest).encode()).hexdigest()
    tally.chances = sorted(tally.chances, key=lambda one: (one.at, one.kind, one.market))[:LISTED]
    tally.opportunities = dict(sorted(tally.opportunities.items()))
    return tally


class WhaleTallySink(SinglePartitionSink[WhaleFindings, None]):
    """Counts, lists and hashes graded whale findings; writes its tally when it is closed.

    Parameters
    ----------
    headline
        Suppressed whales of at least this size in dollars are listed.
    """

    partition = WHALES

    def __init__(self, directory: Path, headline: float) -> None:
        self._path, self._headline = directory / f"{WHALES}.json", headline

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "WhaleTallyPartition":  # noqa: ARG002
        """Create an empty tally."""
        return WhaleTallyPartition(self._path, self._headline)


class WhaleTallyPartition(StatefulSinkPartition[WhaleFindings, None]):
    """The tally of whales."""

    def __init__(self, path: Path, headline: float) -> None:
        self._path, self._headline = path, headline
        self._hash = hashlib.sha256()
        self._trades: Counter[str] = Counter(dict.fromkeys(WhaleCounts.__struct_fields__, 0))
        self._whales: Counter[str] = Counter(
            dict.fromkeys(("told", "told_again", "suppressed", "consensus", "disagreement"), 0)
        )
        self._suppressed: Counter[str] = Counter()
        self._sightings: list[ListedWhale] = []
        self._passed_over: list[ListedWhale] = []

    def write_batch(self, values: list[WhaleFindings]) -> None:
        """Add findings, in their order."""
        for each in values:
            self._hash.update(fingerprints(each.rows).data)
            self._trades.update(msgspec.structs.asdict(each.counts))
            for one in whale_records.whales(each):
                self._count(one)

    def snapshot(self) -> None:
        """Return no state: a tally covers a whole run, which is never resumed."""

    def close(self) -> None:
        """Write the tally."""
        found = FindingTally(
            trades=dict(self._trades),
            whales=dict(self._whales),
            suppressed=dict(sorted(self._suppressed.items())),
            sightings=self._sightings,
            passed_over=self._passed_over,
            digest=self._hash.hexdigest(),
        )
        self._path.write_bytes(msgspec.json.encode(found))

    def _count(self, one: WhaleTrade) -> None:
        market = symbol_of(one.token) if one.slug == one.token else one.slug
        line = ListedWhale(one.detected_at, one.kind, market, one.reason)
        if one.suppressed_reason is None:
            emitted = "told_again" if one.revision else "told"
            self._whales[emitted if one.kind == "whale" else one.kind] += 1
            self._sightings += [line] if len(self._sightings) < LISTED else []
            return
        self._whales["suppressed"] += 1
        self._suppressed[one.suppressed_reason] += 1
        if one.notional >= self._headline and len(self._passed_over) < LISTED:
            self._passed_over.append(line)


class OpportunityTallySink(PartitionPerShardSink[Findings, None]):
    """Counts, lists and hashes opportunities, one partition per shard; each writes its tally when it is closed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "OpportunityTallyPartition":  # noqa: ARG002
        """Create an empty tally."""
        return OpportunityTallyPartition(self._directory / f"baskets-{for_part}.json")


class OpportunityTallyPartition(StatefulSinkPartition[Findings, None]):
    """The tally of the opportunities of one shard."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._hash = hashlib.sha256()
        self._books: Counter[str] = Counter(dict.fromkeys(BookCounts.__struct_fields__, 0))
        self._changes: dict[str, dict[str, int]] = {}
        self._chances: list[ListedOpportunity] = []

    def write_batch(self, values: list[Findings]) -> None:
        """Add findings, in the order of the shard."""
        for each in values:
            self._books.update(msgspec.structs.asdict(each.counts))
            for one in each.opportunities:
                self._hash.update(msgspec.json.encode(one))
                self._changes.setdefault(one.kind, dict.fromkeys(CHANGES, 0))[one.change] += 1
                if one.change == "opened" and len(self._chances) < LISTED:
                    grade, reasons = one.risk.grade, one.risk.reasons
                    self._chances.append(
                        ListedOpportunity(
                            one.opened_at, one.kind, one.slug, str(one.size), str(one.net), grade, reasons
                        )
                    )

    def snapshot(self) -> None:
        """Return no state: a tally covers a whole run, which is never resumed."""

    def close(self) -> None:
        """Write the tally."""
        found = FindingTally(
            books=dict(self._books), opportunities=self._changes, chances=self._chances, digest=self._hash.hexdigest()
        )
        self._path.write_bytes(msgspec.json.encode(found))


def _added(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in (one | other)}


def _read(path: Path) -> FindingTally:
    return msgspec.json.decode(path.read_bytes(), type=FindingTally)
