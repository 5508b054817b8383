"""Replay of prediction markets: its sinks, and its summary."""

from pathlib import Path
from typing import Any

import msgspec
from bytewax.outputs import Sink

from domain.vocabulary import Vocabulary
from flows.cheap_pairs import CheapPair, CheapPairs
from flows.prediction import FindingSettings, Sinks
from flows.sinks.aligned_parquet import AlignedParquetSink
from flows.sinks.finding_parquet import OpportunityParquetSink, WhaleParquetSink
from flows.sinks.finding_tally import (
    ListedOpportunity,
    ListedWhale,
    OpportunityTallySink,
    WhaleTallySink,
    read_finding_tallies,
    write_empty_finding_tallies,
)
from flows.sinks.parquet import ParquetSink
from flows.sinks.tally import AlignedTallySink, TallySink
from flows.sources.market_files import MarketFiles, MessageCounts

LISTED = 1_000
"""Largest number of cheap pairs in the list."""


class MarketSummary(msgspec.Struct, frozen=True, kw_only=True):
    """Input and findings of a replay of prediction markets.

    Attributes
    ----------
    messages, repeated, ignored, rejected
        See `flows.sources.market_files.MessageCounts`.
    trades, books, whales, suppressed, opportunities, sightings, passed_over, chances
        See `flows.sinks.finding_tally.FindingTally`.
    cheap_pairs, verdicts
        Moments at which both outcomes of a market cost less than a dollar (`flows.cheap_pairs`): the first `LISTED`
        of them, and the number of all by verdict.
    digest
        Digest of the findings.
    """

    messages: int
    repeated: int
    ignored: dict[str, int]
    rejected: dict[str, int]
    trades: dict[str, int]
    books: dict[str, int]
    whales: dict[str, int]
    suppressed: dict[str, int]
    opportunities: dict[str, dict[str, int]]
    verdicts: dict[str, int]
    sightings: list[ListedWhale]
    passed_over: list[ListedWhale]
    chances: list[ListedOpportunity]
    cheap_pairs: list[CheapPair]
    digest: str


def write_empty_tallies(tally: Path) -> None:
    """Write an empty tally for every partition."""
    write_empty_finding_tallies(tally)


def message_counts_path(tally: Path) -> Path:
    """File to which the source writes its message counts."""
    return tally / "message_counts.json"


def sinks(vocabulary: Vocabulary, finding_settings: FindingSettings, tally: Path, staging: Path | None) -> Sinks:
    """Sinks for the tallies, and for Parquet files under `staging` unless it is None."""
    slices: dict[str, Sink[Any]] = {"digest": TallySink(tally, vocabulary)}
    aligned: dict[str, Sink[Any]] = {"aligned_digest": AlignedTallySink(tally)}
    whales: dict[str, Sink[Any]] = {"whales_digest": WhaleTallySink(tally, finding_settings.whales.headline)}
    opportunities: dict[str, Sink[Any]] = {"opportunities_digest": OpportunityTallySink(tally)}
    if staging is not None:
        slices["parquet"] = ParquetSink(staging, vocabulary)
        aligned["parquet_decided"] = AlignedParquetSink(staging, vocabulary)
        whales["parquet_whales"] = WhaleParquetSink(staging)
        opportunities["parquet_opportunities"] = OpportunityParquetSink(staging)
    return Sinks(slices=slices, aligned=aligned, whales=whales, opportunities=opportunities)


def with_store(given: Sinks, vocabulary: Vocabulary, database_url: str, redis_url: str) -> Sinks:
    """The sinks, and in addition those of the engine: Postgres and the feed."""
    from flows.sinks.ledger import LedgerSink
    from flows.sinks.market import MarketSink
    from flows.sinks.opportunities import OpportunitySink
    from flows.sinks.whales import WhaleSink

    return Sinks(
        slices={**given.slices, "market": MarketSink(database_url, vocabulary)},
        aligned={**given.aligned, "ledger": LedgerSink(database_url, redis_url, vocabulary)},
        whales={**given.whales, "sightings": WhaleSink(database_url)},
        opportunities={**given.opportunities, "opportunities": OpportunitySink(database_url, redis_url)},
    )


def summary(tally: Path, source: MarketFiles, finding_settings: FindingSettings) -> MarketSummary:
    """The summary, once source and sinks have written their counts and tallies."""
    counts = msgspec.json.decode(message_counts_path(tally).read_bytes(), type=MessageCounts)
    found = read_finding_tallies(tally)
    verdicts: dict[str, int] = {}
    pairs: list[CheapPair] = []
    for pair in CheapPairs(finding_settings.arbitrage).read(source.decoded_messages()):
        verdicts[pair.verdict] = verdicts.get(pair.verdict, 0) + 1
        if len(pairs) < LISTED:
            pairs.append(pair)
    return MarketSummary(
        messages=counts.messages,
        repeated=counts.repeated,
        ignored=counts.ignored,
        rejected=counts.rejected,
        trades=found.trades,
        books=found.books,
        whales=found.whales,
        suppressed=found.suppressed,
        opportunities=found.opportunities,
        verdicts=dict(sorted(verdicts.items())),
        sightings=found.sightings,
        passed_over=found.passed_over,
        chances=found.chances,
        cheap_pairs=pairs,
        digest=found.digest,
    )
