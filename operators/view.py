"""View: the rows of a Slice as named columns, with access to the row before each.

Detectors and strategies are plain numpy functions of a View. They can read the row itself, the row before it of
the same instrument and frame and, in a strategy, the newest closed row of the other frames; never anything later.
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
"""Columns of the bar itself; `incomplete` is 0 or 1."""


def column_index(features: tuple[Feature, ...]) -> dict[str, int]:
    """Map the column names of a `Table` to their indices.

    Raises
    ------
    ValueError
        If two features define a column of the same name.
    """
    names = [*BAR_COLUMNS, *(column for feature in features for column in feature.columns)]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(
            f"columns {sorted(twice)} are defined by more than one feature; rename one in operators/features"
        )
    return {name: at for at, name in enumerate(names)}


class Table:
    """The columns of the bars and of the features, without a copy of the latter.

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
        """The column at an index of `column_index`."""
        own, features = self._columns
        found: Floats = own[column] if column < len(BAR_COLUMNS) else features[column - len(BAR_COLUMNS)]
        return found

    def carry(self, rows: Ints, lane: Ints, carried: Floats) -> None:
        """Store some rows in `carried` (columns, lanes), each in its lane, for the Views of later Slices."""
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
    links
        By name ("before", or a frame), the linked row of each row: a row of `now`, -1 - lane for a row of
        `carried`, or NOTHING.
    rows
        The visible rows; all if None.
    events
        Detector name to index, and (detectors, visible rows): signed strength, 0 where nothing fired.
    """

    def __init__(
        self,
        index: Mapping[str, int],
        now: Table,
        carried: Floats,
        links: Mapping[str, Ints],
        *,
        rows: Ints | None = None,
        events: tuple[Mapping[str, int], Floats] | None = None,
    ) -> None:
        self._index, self._now, self._carried, self._links = index, now, carried, links
        self._rows, self._events = rows, events
        self._shown: dict[tuple[str, str], Floats] = {}

    def __getitem__(self, name: str) -> Floats:
        """The column at the row itself."""
        if self._rows is None:
            return self._now[self._index[name]]
        if ("", name) not in self._shown:
            self._shown["", name] = self._now[self._index[name]][self._rows]
        return self._shown["", name]

    def before(self, name: str) -> Floats:
        """The column one bar earlier; NaN where there is none."""
        return self.at("before", name)

    def at(self, link: str, name: str) -> Floats:
        """The column at a linked row: the newest closed bar of a frame, by the name of the frame."""
        if (link, name) not in self._shown:
            column = self._index[name]
            self._shown[link, name] = gather(self._now[column], self._carried[column], self._links[link])
        return self._shown[link, name]

    def event(self, name: str) -> Floats:
        """Signed strength of a detector's event on the row: above 0 up (or neutral), below 0 down, 0 none."""
        assert self._events is not None, "events are available to strategies only"
        index, strengths = self._events
        return cast(Floats, strengths[index[name]])

    def only(self, rows: Ints) -> "View":
        """A View of some of the visible rows, without events."""
        links = {name: link[rows] for name, link in self._links.items()}
        return View(self._index, self._now, self._carried, links, rows=rows if self._rows is None else self._rows[rows])
