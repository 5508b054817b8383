"""Tables: results of trades by strategy, instrument, regime and other groups."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.performance import BUCKETS
from domain.scores import REGIMES
from domain.slices import OUTCOMES, SUPPRESSED_REASONS
from domain.statistics.performance import Performance, performance
from domain.statistics.uniqueness import uniqueness
from domain.vocabulary import Vocabulary

Rows = NDArray[Any]
Naming = Callable[[int], str]


class Row(msgspec.Struct, frozen=True):
    """A group of results and its statistics."""

    name: str
    figures: Performance


class Table(msgspec.Struct, frozen=True):
    """A grouping of results; `of` describes which results."""

    title: str
    of: str
    rows: list[Row]


def tables(trades: Rows, candidates: Rows, names: dict[int, str], vocabulary: Vocabulary) -> list[Table]:
    """Build all tables.

    Parameters
    ----------
    trades
        GRADED rows that the account traded.
    candidates
        All GRADED rows.
    names
        Names of the instruments.
    """
    bucket = np.minimum((trades["probability"] * BUCKETS).astype(np.int64), BUCKETS - 1)
    every = np.zeros(trades.size, np.int64)
    fate = np.where(candidates["emitted"], 0, candidates["reason"])
    taken = "trades of the paper account"
    return [
        _table("Strategy", taken, trades, trades["strategy"], _of(vocabulary.strategies)),
        _table("Instrument", taken, trades, trades["instrument"], lambda code: names.get(code, str(code))),
        _table("Frame", taken, trades, every, lambda _: vocabulary.primary),
        _table("Direction", taken, trades, trades["direction"], lambda code: "long" if code > 0 else "short"),
        _table("Regime at the decision", taken, trades, trades["regime"], _of(REGIMES)),
        _table("Stated probability", taken, trades, bucket, lambda code: f"{code / 10:.1f}-{(code + 1) / 10:.1f}"),
        _table("End", taken, trades, trades["outcome"], _of(OUTCOMES)),
        _table(
            "Candidates",
            "all graded candidates, the suppressed ones included",
            candidates,
            fate,
            lambda code: f"suppressed: {SUPPRESSED_REASONS[code]}" if code else "emitted",
        ),
    ]


def figures(rows: Rows, own: NDArray[np.float64] | None = None) -> Performance:
    """Statistics of GRADED rows; `own` is the uniqueness of each, by default among these rows."""
    return performance(
        rows["result"],
        uniqueness=uniqueness_of(rows) if own is None else own,
        probabilities=rows["probability"],
    )


def uniqueness_of(rows: Rows) -> NDArray[np.float64]:
    """Uniqueness of each result among those of its instrument; see domain.statistics.uniqueness."""
    return uniqueness(rows["ts"], rows["exit_at"], rows["instrument"])


def _of(names: Sequence[str]) -> Naming:
    return lambda code: names[code]


def _table(title: str, of: str, rows: Rows, codes: Rows, naming: Naming) -> Table:
    own = uniqueness_of(rows)
    groups = []
    for code in np.unique(codes).tolist():
        mine = codes == code
        groups.append(Row(naming(code), figures(rows[mine], own[mine])))
    return Table(title, of, sorted(groups, key=lambda row: row.name))
