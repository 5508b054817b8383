"""View: the rows of a Slice as named columns, with the row before each.

Detectors and strategies are plain numpy over a View. They see the row, the row before it in the same
instrument and frame and, in a strategy, the newest closed row of the other frames: never anything
later.
"""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from operators.features import TAPE, Feature
from operators.kernels.columns import bar_columns, carry, gather

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
        self._columns = (bar_columns(bars), features)

    def __getitem__(self, column: int) -> Floats:
        """The column at a place of `column_index`."""
        own, features = self._columns
        found: Floats = own[column] if column < len(BAR_COLUMNS) else features[column - len(BAR_COLUMNS)]
        return found

    def carry(self, rows: Ints, lane: Ints, carried: Floats) -> None:
        """Keep some rows in `carried` (columns, lanes), each in its lane, for the Views of later Slices."""
        carry(*self._columns, rows, lane, carried)


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
        self._shown: dict[tuple[str, str], Floats] = {}

    def __getitem__(self, name: str) -> Floats:
        """The column now."""
        if self._rows is None:
            return self._now[self._index[name]]
        if ("", name) not in self._shown:
            self._shown["", name] = self._now[self._index[name]][self._rows]
        return self._shown["", name]

    def before(self, name: str) -> Floats:
        """The column one bar earlier; NaN where there is none."""
        return self.at("before", name)

    def at(self, look: str, name: str) -> Floats:
        """The column in another look: the newest closed bar of a frame, by the frame's name."""
        if (look, name) not in self._shown:
            column = self._index[name]
            self._shown[look, name] = gather(self._now[column], self._carried[column], self._looks[look])
        return self._shown[look, name]

    def event(self, name: str) -> Floats:
        """Signed strength of a detector's event on the row: above 0 up (or neutral), below 0 down, 0 none."""
        assert self._events is not None, "events are shown to strategies only"
        index, strengths = self._events
        return cast(Floats, strengths[index[name]])

    def only(self, rows: Ints) -> "View":
        """Some of the rows it shows, without events."""
        looks = {look: link[rows] for look, link in self._looks.items()}
        return View(self._index, self._now, self._carried, looks, rows=rows if self._rows is None else self._rows[rows])
