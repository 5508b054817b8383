"""Input: the interface of a file that is read in chunks, and of its chunks."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from domain.blocks import Rows
from domain.frames import Frame
from domain.slices import Reject

Kind = Literal["trades", "bars"]

RAW_BYTES = 1_000
"""Largest part of a rejected line that is stored, in bytes."""


class Chunk(NamedTuple):
    """The next rows of an input.

    Attributes
    ----------
    rows
        Rows of `TRADE` or `BAR`, in the order of the input.
    names
        The name of each instrument in `rows`, and possibly of others.
    rejects
        Rejected input.
    consumed
        Lines or rows read so far, including this chunk: the position from which to resume.
    """

    rows: Rows
    names: dict[int, str]
    rejects: list[Reject]
    consumed: int


class Input(Protocol):
    """A file that can be read from any position, repeatedly, with the same rows for every chunk size.

    Attributes
    ----------
    frame
        Frame of bars; None for trades.
    ignored
        Ignored messages by type, as far as read.
    streams
        Instrument to the stream that numbers its trades, where a venue has several; as far as read.
    """

    path: Path
    kind: Kind
    frame: Frame | None
    ignored: Counter[str]
    streams: dict[str, str]

    def read(self, position: int, newest_ns: int, at_most: int) -> Iterator[Chunk]:
        """Read chunks of about `at_most` rows.

        Parameters
        ----------
        position
            `consumed` of the previous chunk, or 0.
        newest_ns
            The newest event time before `position`.
        """
        ...


def broken_rules(rules: Mapping[str, NDArray[np.bool_]]) -> list[tuple[int, str]]:
    """Index and reason of every row that breaks a rule; the reason is the first rule that it breaks.

    Examples
    --------
    >>> price = np.array([1.0, -1.0, np.nan])
    >>> broken_rules({"price is missing": np.isnan(price), "price is not positive": ~(price > 0)})
    [(1, 'price is not positive'), (2, 'price is missing')]
    """
    reasons = list(rules)
    broken: NDArray[Any] = np.array(list(rules.values()))
    return [(at, reasons[int(broken[:, at].argmax())]) for at in np.flatnonzero(broken.any(axis=0)).tolist()]
