"""Models over REST: what was trained, what judges now, and what the newest of a type looks at."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from api.resources import Resources
from api.rest.pagination import FilteredListing, Page, PageParameters, paginate
from api.rest.params import Name
from api.rest.result import Result
from store import feature_importance
from store.models import LISTING, Model

PATH = "/api/v1/models"


class ChosenModels(PageParameters, frozen=True, kw_only=True):
    """Which models, and how many at a time."""

    model_type: Annotated[Name | None, Meta(examples=["lightgbm"])] = None
    active: Annotated[bool | None, Meta(description="Whether it judges now.")] = None


class ModelsPage(Page, frozen=True, kw_only=True):
    """Models, newest first."""

    models: list[Model]


class WhichImportance(msgspec.Struct, frozen=True, kw_only=True):
    """Of which kind of model."""

    model_type: Name = "lightgbm"


class FeatureShare(msgspec.Struct, frozen=True, kw_only=True):
    """How much one feature counts: its share of the gain, and of the splits, of all features."""

    feature_name: str
    importance: float
    split_share: float


class FeatureImportance(msgspec.Struct, frozen=True, kw_only=True):
    """What the model that was loaded last looks at, most first; empty, and null, before the first."""

    model_type: str
    model_id: str | None
    loaded_at: datetime | None
    feature_importance: list[FeatureShare]


async def list_models(resources: Resources, chosen: ChosenModels) -> Result:
    """Trained models, newest first, with what they were worth out of sample.

    Empty until `train` has made one. Paging is that of `/api/v1/signals`.
    """
    filters = {"model_type": chosen.model_type, "active": chosen.active}
    result = await paginate(PATH, chosen, FilteredListing(resources.pool, LISTING, filters))
    return Result(ModelsPage(models=list(result.rows), **result.fields), result.headers)


async def show_feature_importance(resources: Resources, which: WhichImportance) -> FeatureImportance:
    """What the model of a type that was loaded last looks at.

    The same numbers are at `/metrics` as `feature_importance{feature_name,model_type}`.
    """
    found = await feature_importance.latest(resources.pool, which.model_type)
    return FeatureImportance(
        model_type=which.model_type,
        model_id=found[0].model_id if found else None,
        loaded_at=found[0].at if found else None,
        feature_importance=[
            FeatureShare(feature_name=row.feature_name, importance=row.importance, split_share=row.split_share)
            for row in found
        ],
    )
