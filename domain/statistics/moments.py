"""Moments: mean, variance, skewness and kurtosis of a sample, in mergeable form."""

import math

import msgspec
from numpy.typing import ArrayLike

from domain.statistics.sample import known


class Moments(msgspec.Struct, frozen=True):
    """Sums of powers about the mean; those of two samples merge into those of both.

    Attributes
    ----------
    n
        Values seen.
    mean
        Zero if n is.
    m2, m3, m4
        Sums of (value − mean) to the second, third and fourth power.
    least, greatest
        Extremes; None if n is zero. Where they are equal nothing varies, whatever rounding says.

    Examples
    --------
    >>> whole = Moments.of([1.0, 2.0, 3.0, 10.0])
    >>> whole.mean, whole.sd
    (4.0, 4.08248290463863)
    >>> Moments.of([1.0, 2.0]).merge(Moments.of([3.0, 10.0])) == whole
    True
    """

    n: int = 0
    mean: float = 0.0
    m2: float = 0.0
    m3: float = 0.0
    m4: float = 0.0
    least: float | None = None
    greatest: float | None = None

    @classmethod
    def of(cls, values: ArrayLike) -> "Moments":
        """Those of the known values."""
        sample = known(values)
        if not len(sample):
            return cls()
        mean = float(sample.mean())
        apart = sample - mean
        square = apart * apart
        return cls(
            len(sample),
            mean,
            float(square.sum()),
            float((square * apart).sum()),
            float((square * square).sum()),
            float(sample.min()),
            float(sample.max()),
        )

    def merge(self, other: "Moments") -> "Moments":
        """Those of both samples together (Pébay 2008)."""
        if self.least is None or self.greatest is None:
            return other
        if other.least is None or other.greatest is None:
            return self
        a, b = self.n, other.n
        n = a + b
        step = other.mean - self.mean
        return Moments(
            n,
            self.mean + step * b / n,
            self.m2 + other.m2 + step**2 * a * b / n,
            self.m3 + other.m3 + step**3 * a * b * (a - b) / n**2 + 3 * step * (a * other.m2 - b * self.m2) / n,
            self.m4
            + other.m4
            + step**4 * a * b * (a * a - a * b + b * b) / n**3
            + 6 * step**2 * (a * a * other.m2 + b * b * self.m2) / n**2
            + 4 * step * (a * other.m3 - b * self.m3) / n,
            min(self.least, other.least),
            max(self.greatest, other.greatest),
        )

    @property
    def varies(self) -> bool:
        """Whether two values differ. A computed spread of 1e-17 is rounding, not spread."""
        return self.least != self.greatest and self.m2 > 0

    @property
    def sd(self) -> float | None:
        """Sample standard deviation (n − 1); None if nothing varies."""
        return math.sqrt(self.m2 / (self.n - 1)) if self.varies else None

    @property
    def skewness(self) -> float | None:
        """Population skewness, m3 / m2^1.5; None if nothing varies."""
        variance = self._variance
        return None if variance is None else self.m3 / self.n / math.pow(variance, 1.5)

    @property
    def kurtosis(self) -> float | None:
        """Population kurtosis, not in excess: 3 for a normal; None if nothing varies."""
        variance = self._variance
        return None if variance is None else self.m4 / self.n / variance**2

    @property
    def _variance(self) -> float | None:
        """Of the population; None where its square, by which moments are divided, is not above zero."""
        variance = self.m2 / self.n if self.varies else 0.0
        return variance if variance**2 > 0 else None
