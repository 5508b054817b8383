"""Models endpoints: trained models, and the feature importance of the latest loaded model of a type."""

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


class ModelsQuery(PageParameters, frozen=True, kw_only=True):
    """Query parameters: filters and paging of models."""

    model_type: Annotated[Name | None, Meta(description="Type of model.", examples=["lightgbm"])] = None
    active: Annotated[bool | None, Meta(description="Whether the model is in use now.")] = None


class ModelsPage(Page, frozen=True, kw_only=True):
    """Models, newest first."""

    models: list[Model]


class FeatureImportanceQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Query parameters: type of model."""

    model_type: Annotated[Name, Meta(description="Type of model.", examples=["lightgbm"])] = "lightgbm"


class FeatureShare(msgspec.Struct, frozen=True, kw_only=True):
    """Importance of one feature.

    Attributes
    ----------
    importance
        Share of the total gain.
    split_share
        Share of all splits.
    """

    feature_name: str
    importance: float
    split_share: float


class FeatureImportance(msgspec.Struct, frozen=True, kw_only=True):
    """Feature importance of the latest loaded model, highest first; empty, with null fields, before the first."""

    model_type: str
    model_id: str | None
    loaded_at: datetime | None
    feature_importance: list[FeatureShare]


async def list_models(resources: Resources, query: ModelsQuery) -> Result:
    """Trained models, newest first, with their out-of-sample performance.

    Empty as long as no model has been recorded. Paging works as in `/api/v1/signals`.
    """
    filters = {"model_type": query.model_type, "active": query.active}
    result = await paginate(PATH, query, FilteredListing(resources.pool, LISTING, filters))
    return Result(ModelsPage(models=list(result.rows), **result.fields), result.headers)


async def show_feature_importance(resources: Resources, query: FeatureImportanceQuery) -> FeatureImportance:
    """Feature importance of the latest loaded model of a type."""
    rows = await feature_importance.latest(resources.pool, query.model_type)
    return FeatureImportance(
        model_type=query.model_type,
        model_id=rows[0].model_id if rows else None,
        loaded_at=rows[0].at if rows else None,
        feature_importance=[
            FeatureShare(feature_name=row.feature_name, importance=row.importance, split_share=row.split_share)
            for row in rows
        ],
    )
