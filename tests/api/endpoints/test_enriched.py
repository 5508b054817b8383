import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from api.endpoints.enriched import EnrichedSignal, enriched_json
from api.endpoints.performance_cache import PerformanceSnapshot
from api.memory.projections import SignalProjection
from api.memory.recent_rows import CachedRow
from domain.clock import from_datetime
from store import executions, outcomes
from tests.api.builders import BEGIN, emitted
from tests.api.conftest import Api
from tests.store import paper

SCORED = {
    "adjusted_score": 0.8,
    "time_decay_factor": 1.0,
    "historical_boost": 0.25,
    "correlation_boost": -0.125,
    "risk_penalty": 0.5,
    "final_score": 60.0,
    "ranking": 3,
    "correlations": ["f" * 32],
}


def test_the_score_is_computed_at_the_last_full_minute(serve: Callable[..., Api]) -> None:
    now = BEGIN + timedelta(hours=5, seconds=59)
    api = serve(now_ns=lambda: from_datetime(now))
    row = emitted(0, detected_at=BEGIN, **SCORED)
    api.write([row])
    share = math.exp(-0.1 * 5)
    expected = {
        "signal_id": row.id,
        "raw_confidence": row.raw_confidence,
        # No signal has ended yet, so the base rate is one half.
        "adjusted_score": pytest.approx(1 / (1 + (0.2 / 0.8) ** share)),
        "time_decay_factor": pytest.approx(share),
        "historical_boost": 0.25,
        "correlation_boost": -0.125,
        "risk_penalty": 0.5,
        "final_score": pytest.approx(60 * share),
        "ranking": 3,
    }
    one = api.get(f"/api/v1/signals/{row.id}")
    assert one["score"] == expected
    assert {name: one[name] for name in SCORED} == SCORED
    assert api.get("/api/v1/signals")["signals"] == [one]
    assert api.get("/api/v1/signals/market/btcusdt")["signals"] == [one]
    tag = api.http.get("/api/v1/signals").headers["etag"]
    now += timedelta(seconds=0.5)
    assert api.http.get("/api/v1/signals", headers={"if-none-match": tag}).status_code == 304
    now += timedelta(seconds=1)
    assert api.http.get("/api/v1/signals", headers={"if-none-match": tag}).status_code == 200


def test_an_unscored_signal_has_only_its_time_decay(serve: Callable[..., Api]) -> None:
    api = serve(now_ns=lambda: from_datetime(BEGIN - timedelta(hours=1)))
    row = emitted(0, detected_at=BEGIN)
    api.write([row])
    score = api.get(f"/api/v1/signals/{row.id}")["score"]
    assert {name: value for name, value in score.items() if value is not None} == {
        "signal_id": row.id,
        "raw_confidence": row.raw_confidence,
        "time_decay_factor": 1.0,
    }


def test_the_score_decays_to_the_win_rate_of_all_signals(serve: Callable[..., Api]) -> None:
    api = serve(now_ns=lambda: from_datetime(BEGIN + timedelta(days=365)))
    signals, ends = paper.graded(200)
    api.write([*signals, emitted(5_000, adjusted_score=0.9)])
    with api.connection.transaction():
        outcomes.write(api.connection, ends)
    emitted_ids = {signal.id for signal in signals if signal.status == "emitted"}
    entered = [end.return_r for end in ends if end.signal_id in emitted_ids and end.return_r is not None]
    base = (sum(r > 0 for r in entered) + 1) / (len(entered) + 2)
    assert api.get(f"/api/v1/signals/{5_000:032x}")["score"]["adjusted_score"] == pytest.approx(base)


def test_signals_include_the_performance_of_their_strategy(api: Api) -> None:
    api.write([emitted(0, signal_type="breakout"), emitted(1, signal_type="new")])
    with api.connection.transaction():
        executions.write(api.connection, paper.trades(40))
    performance: dict[str, Any] = {
        row["signal_type"]: row["historical_performance"] for row in api.get("/api/v1/signals")["signals"]
    }
    assert performance == {
        "breakout": api.get("/api/v1/analytics/by-signal-type")["by_signal_type"]["breakout"],
        "new": None,
    }
    # The performance is cached for some seconds.
    with api.connection.transaction():
        executions.write(api.connection, [paper.trade(100, 5.0, signal_type="new")])
    assert api.get(f"/api/v1/signals/{1:032x}")["historical_performance"] is None


def test_the_json_round_trips_through_the_record() -> None:
    metrics = {"breakout": b"null"}
    for number in range(8):
        payload = msgspec.json.encode(emitted(number, **SCORED))
        row = CachedRow(msgspec.json.decode(payload, type=SignalProjection), payload)
        encoded = enriched_json(row, PerformanceSnapshot({}, 0.5, metrics, 0.0), BEGIN + timedelta(hours=1))
        assert msgspec.json.encode(msgspec.json.decode(encoded, type=EnrichedSignal)) == encoded
