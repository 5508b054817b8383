"""A replay into Postgres writes what the engine would have written, once."""

import psycopg

from flows.replay import Plan, replay
from flows.settings import EngineSettings
from tests.recordings import recording

SETTINGS = EngineSettings(timeframes=("5m", "15m", "1h"), primary_timeframe="5m")
COUNTS = ("bars", "events", "signals", "outcomes", "outbox")


def test_a_replay_into_postgres_is_whole_and_repeats_nothing(database_url, clean_redis_url):
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


def count(url):
    with psycopg.connect(url) as connection:
        return {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in COUNTS}
