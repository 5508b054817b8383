"""Findings: the arbitrage opportunities of one shard, as documents and as rows, and counts of processed rows."""

from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.opportunities import Opportunity

OPPORTUNITY = np.dtype(
    [
        ("at", "<i8"),  # when it changed, ns UTC
        ("opened_at", "<i8"),
        ("id", "<i8"),  # the first 63 bits of its id
        ("group", "<i8"),  # domain.instruments.instrument_id of the group's name
        ("size", "<f8"),  # sets
        ("net", "<f8"),  # dollars, after fees and gas; once settled, of the filled sets, NaN if unknown
        ("edge", "<f8"),  # dollars a set, net
        ("best_edge", "<f8"),  # over its life
        ("fees", "<f8"),  # dollars
        ("capital", "<f8"),  # dollars
        ("kind", "<i2"),  # index into the names of the arbitrages
        ("change", "u1"),  # index into domain.opportunities.CHANGES
        ("grade", "u1"),  # index into domain.opportunities.GRADES
        ("legs", "<i4"),
    ]
)
"""One row for each change in the life of an opportunity."""


class BookCounts(msgspec.Struct, kw_only=True):
    """Counts of the rows of one shard since the last findings."""

    applied: int = 0
    """Rows that changed a book, or ended a snapshot."""
    unready: int = 0
    """Rows for a book without a snapshot, or that is void."""
    bad: int = 0
    """Levels with an invalid price or size."""
    repeated: int = 0
    """Rows with a sequence number already seen."""
    voided: int = 0
    """Books that became unusable until their next snapshot."""
    crossed: int = 0
    """Times that a book was found crossed or locked."""
    unknown: int = 0
    """Rows of tokens without a known group."""
    prints: int = 0
    """Trades."""


@dataclass(slots=True)
class Findings:
    """Changes of the opportunities of one shard up to `watermark` (ns), oldest first.

    `rows` has a row of OPPORTUNITY for each of `opportunities`.
    """

    watermark: int
    opportunities: list[Opportunity]
    rows: NDArray[Any]
    counts: BookCounts
