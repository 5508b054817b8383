"""Overfitting: how often the best variant in sample underperforms out of sample.

Combinatorially symmetric cross-validation of all variants that were tried.
"""

from collections.abc import Iterator
from itertools import combinations, islice
from typing import Final

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from domain.statistics.sample import Floats

_CHUNK: Final = 1024
_FLAT: Final = 1e-12  # a variance this small beside the mean square is rounding: nothing was traded


class Overfitting(msgspec.Struct, frozen=True):
    """What selecting the best variant is worth out of sample.

    Attributes
    ----------
    probability
        PBO: share of splits in which the best variant in sample is in the worse half out of sample.
        About 0.5 where nothing has skill, 0 where one truly dominates.
    n
        Splits.
    variants
        Variants compared.
    mean_logit
        Mean logit of its relative rank out of sample.
    loss
        Share of splits in which it lost out of sample.
    slope
        Of its ratio out of sample on that in sample; None if those in sample are all equal.
    """

    probability: float
    n: int
    variants: int
    mean_logit: float
    loss: float
    slope: float | None


def overfitting(returns: ArrayLike, *, blocks: int = 16) -> Overfitting | None:
    """Probability of backtest overfitting.

    Parameters
    ----------
    returns
        (periods, variants): daily returns of every variant that was tried, not only of good ones.
        Leading periods that do not fill a block are left out. A half in which a variant does not vary
        (it did not trade) counts as a ratio of zero.
    blocks
        Even. 16 gives 12,870 splits; take 8 (70 splits) for fewer than about 160 periods.

    Returns
    -------
    Overfitting or None
        None for fewer than two variants or two periods a block.

    Raises
    ------
    ValueError
        If blocks is odd or under 2, or a return is not finite.

    References
    ----------
    Bailey, Borwein, López de Prado and Zhu 2015, The Probability of Backtest Overfitting.
    """
    matrix = np.asarray(returns, np.float64)
    if blocks < 2 or blocks % 2:
        raise ValueError(f"{blocks} blocks cannot be halved; give an even number, such as 16")
    if not np.isfinite(matrix).all():
        raise ValueError("a return is not a number; a day without trades returns 0")
    periods, variants = matrix.shape
    length = periods // blocks
    if variants < 2 or length < 2:
        return None
    cells = matrix[periods - length * blocks :].reshape(blocks, length, variants)
    sums, squares = cells.sum(axis=1), (cells * cells).sum(axis=1)
    inside, outside, ranks = (np.concatenate(part) for part in zip(*_splits(sums, squares, length), strict=True))
    logits = np.log(ranks / (variants + 1 - ranks))
    spread = inside - inside.mean()
    total = float(spread @ spread)
    return Overfitting(
        probability=float((logits <= 0).mean()),
        n=len(logits),
        variants=variants,
        mean_logit=float(logits.mean()),
        loss=float((outside < 0).mean()),
        slope=float(spread @ outside) / total if total > 0 else None,
    )


def _splits(sums: Floats, squares: Floats, length: int) -> Iterator[tuple[Floats, Floats, Floats]]:
    """The best variant's ratio in sample and out of sample and its rank there, by chunks of splits."""
    blocks = len(sums)
    halves = combinations(range(blocks), blocks // 2)
    n = length * blocks // 2
    while chosen := list(islice(halves, _CHUNK)):
        mask = np.zeros((len(chosen), blocks))
        np.put_along_axis(mask, np.array(chosen), 1.0, axis=1)
        inside = _ratios(mask @ sums, mask @ squares, n)
        outside = _ratios((1 - mask) @ sums, (1 - mask) @ squares, n)
        rows = np.arange(len(chosen))
        best = inside.argmax(axis=1)
        picked = outside[rows, best]
        below = (outside < picked[:, None]).sum(axis=1)
        equal = (outside == picked[:, None]).sum(axis=1)
        yield inside[rows, best], picked, below + (equal + 1) / 2


def _ratios(total: Floats, squares: Floats, n: int) -> Floats:
    """Mean over standard deviation (n − 1) from sums; 0 where nothing varies."""
    mean = total / n
    variance = squares / n - mean * mean
    varies = variance > _FLAT * squares / n
    return np.asarray(np.where(varies, mean / np.sqrt(np.where(varies, variance, 1.0) * n / (n - 1)), 0.0))
