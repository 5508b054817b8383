import msgspec

from store import feature_importance, models
from tests.api.conftest import Api
from tests.store.test_feature_importance import row
from tests.store.test_models import AT, model

IMPORTANCE = "/performance/feature-importance"


def test_before_the_first_model_lists_are_empty(api: Api) -> None:
    nothing = {"models": [], "total": 0, "page": 1, "per_page": 100, "next_cursor": None}
    assert api.get("/api/v1/models") == nothing
    assert api.get(IMPORTANCE) == {
        "model_type": "lightgbm",
        "model_id": None,
        "loaded_at": None,
        "feature_importance": [],
    }


def test_models_are_paged_newest_first(api: Api) -> None:
    written = [model(number, trained_at=AT.replace(hour=number)) for number in range(5)]
    models.write(api.connection, written)
    expected = msgspec.json.decode(msgspec.json.encode(written[::-1]))
    first, rest = (response.json() for response in api.pages("/api/v1/models?limit=3"))
    assert first["models"] == expected[:3]
    assert (rest["models"], rest["next_cursor"]) == (expected[3:], None)
    assert api.get("/api/v1/models?active=true")["total"] == 0
    assert api.get("/api/v1/models?model_type=xgboost")["models"] == []


def test_feature_importance_of_the_latest_model_of_a_type(api: Api) -> None:
    feature_importance.write(api.connection, [row("ema", 0.25), row("rsi", 0.75)])
    assert api.get(f"{IMPORTANCE}?model_type=lightgbm") == {
        "model_type": "lightgbm",
        "model_id": "a",
        "loaded_at": "2026-11-20T00:00:00Z",
        "feature_importance": [
            {"feature_name": "rsi", "importance": 0.75, "split_share": 0.25},
            {"feature_name": "ema", "importance": 0.25, "split_share": 0.75},
        ],
    }
    assert api.get(f"{IMPORTANCE}?model_type=other")["feature_importance"] == []
