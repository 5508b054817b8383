"""A replay into Postgres writes the same rows as the engine, once."""

from pathlib import Path

import psycopg
import redis

from domain.arbitrage import ArbitrageSettings
from flows.prediction import FindingSettings
from flows.replay import Plan, Summary, replay
from flows.replay_markets import MarketSummary
from flows.settings import EngineSettings
from tests.flows.sources.test_market_files_pairs import FILE
from tests.flows.sources.test_market_files_pairs import recording as books_of_a_pair
from tests.flows.test_replay_prediction import END_NS
from tests.recordings import recording

SETTINGS = EngineSettings(timeframes=("5m", "15m", "1h"), primary_timeframe="5m")
COUNTS = ("bars", "events", "signals", "outcomes", "outbox")


def test_a_replay_into_postgres_is_complete_and_idempotent(database_url, clean_redis_url):
    plan = Plan(
        paths=[str(recording("bars/ADAUSDT_5m.csv.gz"))],
        instrument="binance:ADAUSDT",
        settings=SETTINGS,
        database_url=database_url,
        redis_url=clean_redis_url,
    )
    first, counted = replay(plan), count(database_url)
    assert counted == {
        "bars": sum(first.bars.values()),
        "events": first.events,
        "signals": first.candidates,
        "outcomes": first.candidates - first.outcomes["open"],
        "outbox": 0,
    }
    assert replay(plan).digest == first.digest
    assert count(database_url) == counted


def test_a_replay_of_prediction_markets_into_postgres_is_complete_and_idempotent(
    tmp_path: Path, database_url: str, clean_redis_url: str
) -> None:
    (tmp_path / "pairs.toml").write_text(FILE)
    urls = {"database_url": database_url, "redis_url": clean_redis_url}
    traded = Plan(paths=[str(recording("polymarket/realtime_whale_trades.json.gz"))], end_ns=END_NS, **urls)
    quoted = Plan(
        paths=[str(books_of_a_pair(tmp_path))],
        pairs=str(tmp_path / "pairs.toml"),
        finding_settings=FindingSettings(arbitrage=ArbitrageSettings(depth_share=1.0, stale_s=1e6)),
        **urls,
    )
    first, baskets = replay(traded), told(replay(quoted))
    whales = told(first)
    counted = count(database_url, ("bars", "whale_trades", "wallets", "arbitrage_opportunities", "outbox"))
    assert counted == {
        "bars": sum(first.bars.values()),
        "whale_trades": whales.whales["told"] + whales.whales["suppressed"],
        "wallets": 231,
        "arbitrage_opportunities": baskets.opportunities["cross_venue"]["opened"],
        "outbox": 0,
    }
    assert (told(replay(traded)), told(replay(quoted))) == (whales, baskets)
    assert count(database_url, tuple(counted)) == counted
    with redis.Redis.from_url(clean_redis_url) as client:
        assert client.xlen("feed:arbitrage") == baskets.opportunities["cross_venue"]["opened"]


def told(summary: Summary) -> MarketSummary:
    assert summary.prediction is not None
    return summary.prediction


def count(url: str, tables: tuple[str, ...] = COUNTS) -> dict[str, int]:
    with psycopg.connect(url) as connection:
        return {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}
