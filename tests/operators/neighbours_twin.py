"""Naive reference of past windows and their outcomes, in numpy."""

import math
from typing import Any

import numpy as np

from domain.correlation import CorrelateSettings


class Neighbours:
    """The newest windows that have ended."""

    def __init__(self, settings: CorrelateSettings, zone: int) -> None:
        self.settings, self.zone = settings, zone
        self.windows: list[dict[str, Any]] = []
        self.moments: list[tuple[int, float, float]] = []

    def remember(self, vector: Any, at: int, way: int, won: bool) -> None:
        self.windows = [*self.windows, {"at": at, "way": way, "won": won, "vector": vector}][
            -self.settings.remembered :
        ]
        self.moments = self.moments or [(0, 0.0, 0.0)] * len(vector)
        for place, value in enumerate(vector.astype(float)):
            n, mean, variance = self.moments[place]
            if not np.isnan(value):
                share = max(1 / (n + 1), 2 / (self.settings.remembered + 1))
                away = value - mean
                self.moments[place] = (n + 1, mean + share * away, (1 - share) * (variance + share * away * away))

    def repeat(self, vector: Any, way: int, now: int, base: float) -> tuple[float, float, float]:
        until = now - self.zone
        past = [w for w in self.windows if w["way"] == way and w["at"] <= until]
        if not past:
            return base, 0.0, -1.0
        inverse = np.array([1 / v if v > 0 else 0.0 for _, _, v in self.moments])
        gaps = (np.array([w["vector"] for w in past], float) - vector.astype(float)) ** 2 * inverse
        distances = np.where(np.isnan(gaps), 2.0, gaps).sum(axis=1)
        nearest = np.argsort(distances, kind="stable")[: self.settings.neighbours]
        w = np.exp(-distances[nearest] / len(vector))
        won = np.array([past[at]["won"] for at in nearest], float)
        m = self.settings.prior_strength
        rate = (w @ won + m * base) / (w.sum() + m)
        lower = rate - base - 1.2816 * math.sqrt(rate * (1 - rate) / (w.sum() + m + 1))
        return rate, w.sum() ** 2 / (w @ w), lower
