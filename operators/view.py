"""View: the rows of a Slice as named columns, with the row before each.

Detectors and strategies are plain numpy over a View. They see the row, the row before it in the same
instrument and frame and, in a strategy, the newest closed row of the other frames: never anything
later.
"""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from domain.slices import INCOMPLETE
from operators.features import TAPE, Feature
from operators.kernels.lanes import NOTHING

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BAR_COLUMNS = (*TAPE[:5], "incomplete")
"""What a View shows of the bar itself; `incomplete` is 0 or 1."""


def column_index(features: tuple[Feature, ...]) -> dict[str, int]:
    """Column names of `table` and their places.

    Raises
    ------
    ValueError
        If two features give a column of the same name.
    """
    names = [*BAR_COLUMNS, *(column for feature in features for column in feature.columns)]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(
            f"columns {sorted(twice)} are given by more than one feature; rename one in operators/features"
        )
    return {name: at for at, name in enumerate(names)}


class Table:
    """All that a View can show: the columns of the bars, and those of the features, uncopied.

    Parameters
    ----------
    bars
        (r,) BAR.
    features
        (columns, r).
    """

    def __init__(self, bars: NDArray[Any], features: Floats) -> None:
        own = np.empty((len(BAR_COLUMNS), bars.size))
        for at, name in enumerate(BAR_COLUMNS[:-1]):
            own[at] = bars[name]
        own[-1] = (bars["flags"] & INCOMPLETE) != 0
        self._columns = (own, features)

    def __getitem__(self, column: int) -> Floats:
        """The column at a place of `column_index`."""
        own, features = self._columns
        found: Floats = own[column] if column < len(BAR_COLUMNS) else features[column - len(BAR_COLUMNS)]
        return found

    def rows(self, rows: Ints) -> Floats:
        """Some rows with all their columns: (columns, rows)."""
        return np.concatenate([part[:, rows] for part in self._columns])


class View:
    """Rows of a Slice, by column name.

    Parameters
    ----------
    index
        Column name to row of `now` and `carried`.
    now
        The rows of this Slice.
    carried
        (columns, lanes): the newest row of each lane from earlier Slices.
    looks
        What rows each other look shows: a row of `now`, -1 - lane, or NOTHING.
    rows
        The rows it shows; all if None.
    events
        (detectors, rows it shows): signed strength, 0 where nothing fired; and their names' places.
    """

    def __init__(
        self,
        index: Mapping[str, int],
        now: Table,
        carried: Floats,
        looks: Mapping[str, Ints],
        *,
        rows: Ints | None = None,
        events: tuple[Mapping[str, int], Floats] | None = None,
    ) -> None:
        self._index, self._now, self._carried, self._looks = index, now, carried, looks
        self._rows, self._events = rows, events

    def __getitem__(self, name: str) -> Floats:
        """The column now."""
        column = self._now[self._index[name]]
        return column if self._rows is None else column[self._rows]

    def before(self, name: str) -> Floats:
        """The column one bar earlier; NaN where there is none."""
        return self.at("before", name)

    def at(self, look: str, name: str) -> Floats:
        """The column in another look: the newest closed bar of a frame, by the frame's name."""
        column = self._index[name]
        return gather(self._now[column], self._carried[column], self._looks[look])

    def event(self, name: str) -> Floats:
        """Signed strength of a detector's event on the row: above 0 up (or neutral), below 0 down, 0 none."""
        assert self._events is not None, "events are shown to strategies only"
        index, strengths = self._events
        return cast(Floats, strengths[index[name]])


def gather(now: Floats, carried: Floats, link: Ints) -> Floats:
    """Values by link: from this Slice, from an earlier one, or NaN."""
    out = np.full(link.size, np.nan)
    here = link >= 0
    out[here] = now[link[here]]
    earlier = (link < 0) & (link != NOTHING)
    out[earlier] = carried[-1 - link[earlier]]
    return out
