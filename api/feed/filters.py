"""Filters: which messages of a channel a client receives."""

from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from api.feed.ring import Attributes
from api.rest.params import Fraction, Symbol, Timeframe, canonical_timeframe
from domain.signals import Direction

T = TypeVar("T")
_MANY = Meta(max_length=200)


class Filter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which messages of a channel a client receives; a message has to meet all conditions, null is no condition.

    Attributes
    ----------
    symbols, direction, timeframes
        Any of these values.
    min_confidence
        At least this `raw_confidence`.
    """

    symbols: Annotated[frozenset[Symbol], _MANY] | None = None
    direction: frozenset[Direction] | None = None
    timeframes: Annotated[frozenset[Timeframe], _MANY] | None = None
    min_confidence: Fraction | None = None
    mtf_aligned: bool | None = None

    def __post_init__(self) -> None:
        """Replace every timeframe by its canonical name."""
        if self.timeframes is not None:
            msgspec.structs.force_setattr(self, "timeframes", frozenset(map(canonical_timeframe, self.timeframes)))

    def accepts(self, attributes: Attributes | None) -> bool:
        """Whether a message with these attributes passes; one that lacks the attribute of a condition does not."""
        return attributes is None or (
            (self.symbols is None or attributes.symbol in self.symbols)
            and (self.direction is None or attributes.direction in self.direction)
            and (self.timeframes is None or attributes.timeframe in self.timeframes)
            and (
                self.min_confidence is None
                or (attributes.raw_confidence is not None and attributes.raw_confidence >= self.min_confidence)
            )
            and (self.mtf_aligned is None or attributes.mtf_aligned is self.mtf_aligned)
        )


ANY = Filter()


class FilterParameters(msgspec.Struct, frozen=True, kw_only=True):
    """A filter as query parameters, with one value each."""

    symbol: Symbol | None = None
    direction: Direction | None = None
    timeframe: Timeframe | None = None
    min_confidence: Fraction | None = None
    mtf_aligned: bool | None = None

    def filter(self) -> Filter:
        """The filter with these conditions."""
        return Filter(
            symbols=_single(self.symbol),
            direction=_single(self.direction),
            timeframes=_single(self.timeframe),
            min_confidence=self.min_confidence,
            mtf_aligned=self.mtf_aligned,
        )


def _single(value: T | None) -> frozenset[T] | None:
    return None if value is None else frozenset({value})
