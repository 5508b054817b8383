"""The complete catalogue: every feature, detector, strategy, pattern and arbitrage found in the catalogue folders."""

from dataclasses import dataclass
from functools import cache

from domain.catalogue import load
from operators import arbitrages, detectors, features, patterns, strategies
from operators.arbitrages import Arbitrage
from operators.detectors import Detector
from operators.features import Feature
from operators.patterns import Pattern
from operators.strategies import Strategy


@dataclass(frozen=True)
class Catalogue:
    """Features, detectors, strategies, patterns and arbitrages, each in file-name order."""

    features: tuple[Feature, ...]
    detectors: tuple[Detector, ...]
    strategies: tuple[Strategy, ...]
    patterns: tuple[Pattern, ...] = ()
    arbitrages: tuple[Arbitrage, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all feature columns, in the order of `Slice.features`."""
        return tuple(column for feature in self.features for column in feature.columns)


@cache
def catalogue() -> Catalogue:
    """Load every entry of `operators/features`, `detectors`, `strategies`, `patterns` and `arbitrages`.

    Raises
    ------
    TypeError
        If a file does not export an entry under its own name; the message names the path.
    """
    return Catalogue(
        load(features, Feature),
        load(detectors, Detector),
        load(strategies, Strategy),
        load(patterns, Pattern),
        load(arbitrages, Arbitrage),
    )
