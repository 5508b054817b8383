from datetime import UTC, datetime

import psycopg

from store import feature_importance
from store.feature_importance import Importance
from tests.store.conftest import AsyncCaller

AT = datetime(2026, 11, 20, tzinfo=UTC)


def row(feature: str, importance: float, *, hour: int = 0, model: str = "a", kind: str = "lightgbm") -> Importance:
    return Importance(
        model_id=model,
        model_type=kind,
        at=AT.replace(hour=hour),
        feature_name=feature,
        importance=importance,
        split_share=1 - importance,
    )


def test_latest_load_is_read_most_important_first(connection: psycopg.Connection, call: AsyncCaller) -> None:
    early = [row("ema", 0.25), row("rsi", 0.75)]
    late = [row("vol", 0.25, hour=2), row("rsi", 0.5, hour=2), row("ema", 0.25, hour=2)]
    other = [row("rsi", 1.0, hour=5, kind="xgboost")]
    for load in (late, early, other, late):
        feature_importance.write(connection, load)
    assert call(feature_importance.latest, "lightgbm") == [late[1], late[2], late[0]]
    assert call(feature_importance.latest, "xgboost") == other
    assert call(feature_importance.latest, "nothing") == []


def test_writing_a_load_again_changes_nothing(connection: psycopg.Connection) -> None:
    load = [row("ema", 0.25), row("rsi", 0.75)]
    assert feature_importance.write(connection, load) == 2
    assert feature_importance.write(connection, load) == 0
    assert feature_importance.write(connection, []) == 0
