from datetime import UTC, datetime

import msgspec
import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store import models
from store.models import Model
from tests.store import records
from tests.store.conftest import AsyncCaller

AT = datetime(2026, 11, 20, tzinfo=UTC)


def model(number: int, **changes: object) -> Model:
    plain = Model(
        id=f"{number:032x}",
        model_type="lightgbm",
        trained_at=AT,
        activated_at=None,
        retired_at=None,
        first_at=AT,
        last_at=AT,
        candidates=1_000,
        features=["rsi_14", "vol_z"],
        schema_hash="ab" * 8,
        metrics={"brier": 0.21, "auc": None},
    )
    return msgspec.structs.replace(plain, **changes)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(
    id_=records.ids,
    names=st.lists(records.names, max_size=3),
    metrics=st.dictionaries(records.names, records.known_or_not, max_size=3),
    times=st.tuples(records.instants, st.none() | records.instants),
)
def test_models_are_read_back_as_written(
    connection: psycopg.Connection, call: AsyncCaller, id_, names, metrics, times
) -> None:
    expected = model(0, id=id_, features=names, metrics=metrics, trained_at=times[0], activated_at=times[1])
    models.write(connection, [expected, msgspec.structs.replace(expected, schema_hash="later")])
    models.write(connection, [expected])
    try:
        assert call(models.LISTING.page, {}, limit=9) == [expected]
    finally:
        connection.execute("TRUNCATE models")


def test_activation_and_retirement_are_set_once(connection: psycopg.Connection, call: AsyncCaller) -> None:
    later = AT.replace(hour=3)
    for change in ({}, {"activated_at": AT}, {"activated_at": later}, {"retired_at": later}, {"schema_hash": "x"}):
        models.write(connection, [model(1, **change)])
    assert call(models.LISTING.page, {}, limit=9) == [model(1, activated_at=AT, retired_at=later)]


def test_models_are_listed_newest_first(connection: psycopg.Connection, call: AsyncCaller) -> None:
    written = [
        model(number, trained_at=AT.replace(hour=number // 2), activated_at=AT if number > 1 else None)
        for number in range(5)
    ]
    models.write(connection, [*written, model(9, model_type="xgboost", activated_at=AT, retired_at=AT)])
    newest = written[::-1]
    assert call(models.LISTING.page, {"model_type": "lightgbm"}, limit=9) == newest
    before = models.LISTING.cursor_of(newest[0])
    assert call(models.LISTING.page, {"active": True}, limit=2, before=before) == newest[1:3]
    assert call(models.LISTING.count, {"active": False}) == 3
