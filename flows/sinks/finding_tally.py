"""Finding tallies: what a run found on prediction markets, as counts, as lists of what was told, and as one digest.

Whales are hashed in the order in which all shards released them, opportunities shard by shard, plan and risk
included; what depends on how the work was cut is in neither.
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
from flows import sightings
from flows.sinks.parts import OnePart, PartPerShard
from flows.sinks.tally import fingerprints

LISTED = 1_000
"""So many whales and so many opportunities are listed; tables hold all."""
WHALES = "whales"


class Sighting(msgspec.Struct, frozen=True):
    """A whale, a consensus or a disagreement, without its wallet; the reason says why it was not told if so."""

    at: datetime
    kind: str
    market: str
    reason: str


class Chance(msgspec.Struct, frozen=True):
    """An opportunity as it was opened: sets, dollars after fees and gas, grade, and what cost it."""

    at: datetime
    kind: str
    market: str
    size: str
    net: str
    grade: str
    reasons: list[str]


class Found(msgspec.Struct):
    """What was found.

    Attributes
    ----------
    trades
        What became of the trades, as `domain.whales.WhaleCounts`.
    books
        What became of the steps of books, as `domain.findings.BookCounts`.
    whales
        Told for the first time and again, and suppressed; consensus and disagreement.
    suppressed
        Whales that were not told, by what kept them from it.
    opportunities
        Changes by arbitrage.
    sightings, passed_over, chances
        What was told, what made a headline in dollars and was not, and opportunities; the first `LISTED` of each.
    """

    trades: dict[str, int] = {}
    books: dict[str, int] = {}
    whales: dict[str, int] = {}
    suppressed: dict[str, int] = {}
    opportunities: dict[str, dict[str, int]] = {}
    sightings: list[Sighting] = []
    passed_over: list[Sighting] = []
    chances: list[Chance] = []
    digest: str = ""


def begin_found(directory: Path) -> None:
    """Write an empty tally for every part: Bytewax builds no partition for one to which nothing comes."""
    WhaleTallyPartition(directory / f"{WHALES}.json", 0.0).close()
    for shard in range(SHARDS):
        BasketTallyPartition(directory / f"baskets-{shard:03d}.json").close()


def read_found(directory: Path) -> Found:
    """What a run found whose sinks wrote their tallies into `directory`."""
    found = _read(directory / f"{WHALES}.json")
    for shard in range(SHARDS):
        part = _read(directory / f"baskets-{shard:03d}.json")
        found.books = _added(found.books, part.books)
        for kind, changes in part.opportunities.items():
            found.opportunities[kind] = _added(found.opportunities.get(kind, {}), changes)
        found.chances += part.chances
        found.digest = hashlib.sha256((found.digest + part.digest).encode()).hexdigest()
    found.chances = sorted(found.chances, key=lambda one: (one.at, one.kind, one.market))[:LISTED]
    found.opportunities = dict(sorted(found.opportunities.items()))
    return found


class WhaleTallySink(OnePart[WhaleFindings, None]):
    """Counts, lists and hashes graded findings of all shards; writes its tally at the end.

    Parameters
    ----------
    headline
        Dollars from which on it is listed what was not told.
    """

    part = WHALES

    def __init__(self, directory: Path, headline: float) -> None:
        self._path, self._headline = directory / f"{WHALES}.json", headline

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "WhaleTallyPartition":  # noqa: ARG002
        """A partition that begins at nothing."""
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
        self._sightings: list[Sighting] = []
        self._passed_over: list[Sighting] = []

    def write_batch(self, values: list[WhaleFindings]) -> None:
        """Take findings in, in their order."""
        for each in values:
            self._hash.update(fingerprints(each.rows).data)
            self._trades.update(msgspec.structs.asdict(each.counts))
            for one in sightings.whales(each):
                self._count(one)

    def snapshot(self) -> None:
        """Nothing: a tally is of a whole run."""

    def close(self) -> None:
        """Write the tally down."""
        found = Found(
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
        line = Sighting(one.detected_at, one.kind, market, one.reason)
        if one.suppressed_reason is None:
            alone = "told_again" if one.revision else "told"
            self._whales[alone if one.kind == "whale" else one.kind] += 1
            self._sightings += [line] if len(self._sightings) < LISTED else []
            return
        self._whales["suppressed"] += 1
        self._suppressed[one.suppressed_reason] += 1
        if one.notional >= self._headline and len(self._passed_over) < LISTED:
            self._passed_over.append(line)


class BasketTallySink(PartPerShard[Findings, None]):
    """Counts, lists and hashes opportunities, one partition a shard; each writes its tally at the end."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "BasketTallyPartition":  # noqa: ARG002
        """A partition that begins at nothing."""
        return BasketTallyPartition(self._directory / f"baskets-{for_part}.json")


class BasketTallyPartition(StatefulSinkPartition[Findings, None]):
    """The tally of the opportunities of one shard."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._hash = hashlib.sha256()
        self._books: Counter[str] = Counter(dict.fromkeys(BookCounts.__struct_fields__, 0))
        self._changes: dict[str, dict[str, int]] = {}
        self._chances: list[Chance] = []

    def write_batch(self, values: list[Findings]) -> None:
        """Take findings in, in the order of the shard."""
        for each in values:
            self._books.update(msgspec.structs.asdict(each.counts))
            for one in each.opportunities:
                self._hash.update(msgspec.json.encode(one))
                self._changes.setdefault(one.kind, dict.fromkeys(CHANGES, 0))[one.change] += 1
                if one.change == "opened" and len(self._chances) < LISTED:
                    grade, reasons = one.risk.grade, one.risk.reasons
                    self._chances.append(
                        Chance(one.opened_at, one.kind, one.slug, str(one.size), str(one.net), grade, reasons)
                    )

    def snapshot(self) -> None:
        """Nothing: a tally is of a whole run."""

    def close(self) -> None:
        """Write the tally down."""
        found = Found(
            books=dict(self._books), opportunities=self._changes, chances=self._chances, digest=self._hash.hexdigest()
        )
        self._path.write_bytes(msgspec.json.encode(found))


def _added(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in (one | other)}


def _read(path: Path) -> Found:
    return msgspec.json.decode(path.read_bytes(), type=Found)
