"""Replay of prediction markets: where what is concluded goes, and what is told of it at the end."""

from pathlib import Path
from typing import Any

import msgspec
from bytewax.outputs import Sink

from domain.vocabulary import Vocabulary
from flows.cheap_pairs import CheapPair, CheapPairs
from flows.prediction import Eyes, Sinks
from flows.sinks.finding_parquet import OpportunityParquetSink, WhaleParquetSink
from flows.sinks.finding_tally import BasketTallySink, Chance, Sighting, WhaleTallySink, begin_found, read_found
from flows.sinks.parquet import ParquetSink
from flows.sinks.tally import AlignedTallySink, TallySink
from flows.sinks.together import TogetherSink
from flows.sources.market_files import Heard, MarketFiles

LISTED = 1_000
"""So many cheap pairs are listed."""


class MarketSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay of prediction markets took in and found.

    Attributes
    ----------
    messages, repeated, ignored, rejected
        See `flows.sources.market_files.Heard`.
    trades, books, whales, suppressed, opportunities, sightings, passed_over, chances
        See `flows.sinks.finding_tally.Found`.
    cheap_pairs, verdicts
        Both answers of a market for less than a dollar (`flows.cheap_pairs`), the first of them; and all by verdict.
    digest
        Of what was found.
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
    sightings: list[Sighting]
    passed_over: list[Sighting]
    chances: list[Chance]
    cheap_pairs: list[CheapPair]
    digest: str


def begin(tally: Path) -> None:
    """Write empty tallies."""
    begin_found(tally)


def heard_in(tally: Path) -> Path:
    """Where the source writes down what it heard."""
    return tally / "heard.json"


def sinks(vocabulary: Vocabulary, eyes: Eyes, tally: Path, staging: Path | None) -> Sinks:
    """Tallies, and Parquet files under `staging`."""
    slices: dict[str, Sink[Any]] = {"digest": TallySink(tally, vocabulary)}
    aligned: dict[str, Sink[Any]] = {"aligned_digest": AlignedTallySink(tally)}
    whales: dict[str, Sink[Any]] = {"whales_digest": WhaleTallySink(tally, eyes.whales.headline)}
    opportunities: dict[str, Sink[Any]] = {"opportunities_digest": BasketTallySink(tally)}
    if staging is not None:
        slices["parquet"] = ParquetSink(staging, vocabulary)
        aligned["parquet_decided"] = TogetherSink(staging, vocabulary)
        whales["parquet_whales"] = WhaleParquetSink(staging)
        opportunities["parquet_opportunities"] = OpportunityParquetSink(staging)
    return Sinks(slices=slices, aligned=aligned, whales=whales, opportunities=opportunities)


def with_store(given: Sinks, vocabulary: Vocabulary, database_url: str, redis_url: str) -> Sinks:
    """The sinks, and besides them those of the engine: Postgres and the feed."""
    from flows.sinks.ledger import LedgerSink
    from flows.sinks.market import MarketSink
    from flows.sinks.opportunities import OpportunitySink
    from flows.sinks.sightings import SightingSink

    return Sinks(
        slices={**given.slices, "market": MarketSink(database_url, vocabulary)},
        aligned={**given.aligned, "ledger": LedgerSink(database_url, redis_url, vocabulary)},
        whales={**given.whales, "sightings": SightingSink(database_url)},
        opportunities={**given.opportunities, "opportunities": OpportunitySink(database_url, redis_url)},
    )


def summary(tally: Path, source: MarketFiles, eyes: Eyes) -> MarketSummary:
    """What was heard and found, once all sinks have written their tallies."""
    heard = msgspec.json.decode(heard_in(tally).read_bytes(), type=Heard)
    found = read_found(tally)
    verdicts: dict[str, int] = {}
    pairs: list[CheapPair] = []
    for pair in CheapPairs(eyes.arbitrage).read(source.moments()):
        verdicts[pair.verdict] = verdicts.get(pair.verdict, 0) + 1
        if len(pairs) < LISTED:
            pairs.append(pair)
    return MarketSummary(
        messages=heard.messages,
        repeated=heard.repeated,
        ignored=heard.ignored,
        rejected=heard.rejected,
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
