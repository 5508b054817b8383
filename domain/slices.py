"""Slice: the results of one shard up to one watermark, passed from step to step.

`roll` fills `bars`, `gaps`, `rejects` and `counts`; `measure` fills `features`; `detect` fills `events`; `propose`
fills `candidates`; `settle` fills `outcomes`. Bars are in the order (close time, slot, frame), so that every step
sees the bars that end at one instant together, finest frame first.

`slot` is the index of the instrument in the state of its shard. Slots of instruments without trades are reused; the
first bar of the next instrument then carries the flag FIRST, on which every step resets its state.
"""

from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.frames import MAX_FRAMES

Rows = NDArray[Any]

BAR = np.dtype(
    [
        ("open_time", "<i8"),
        ("close_time", "<i8"),  # right-open: the first instant that is not in the bar
        ("instrument", "<i8"),
        ("open", "<f8"),
        ("high", "<f8"),
        ("low", "<f8"),
        ("close", "<f8"),
        ("volume", "<f8"),  # base units
        ("quote_volume", "<f8"),  # NaN if unknown
        ("buy_volume", "<f8"),  # taker buys, base units; NaN if unknown
        ("first_id", "<i8"),  # ids of its first and last trade; NO_ID if unknown
        ("last_id", "<i8"),
        ("available_at", "<i8"),  # event time at which its close was known
        ("largest", "<f8"),  # size of the largest trade; NaN if unknown
        ("trades", "<i8"),  # -1 if unknown
        ("slot", "<i4"),
        ("frame", "<i2"),  # index into the recipe's frames, finest first
        ("flags", "<u2"),
    ]
)
SYNTHETIC, INCOMPLETE, FIRST, PAYOUT = 1, 2, 4, 8
"""Bar flags: no trade in the bar; trades are known or likely to be missing; first bar of the instrument in its slot;
its market was resolved before, and the prices are the payout."""

GAP = np.dtype(
    [
        ("detected_at", "<i8"),  # close time of the bar that shows it
        ("instrument", "<i8"),
        ("first_id", "<i8"),  # ids on both sides of the gap, both present; NO_ID if the feed marked it
        ("last_id", "<i8"),
        ("missing", "<i8"),  # trades known to be missing; -1 if unknown
        ("slot", "<i4"),
        ("spare", "<i4"),
    ]
)

EVENT = np.dtype(
    [
        ("ts", "<i8"),  # close time of the bar that shows it
        ("instrument", "<i8"),
        ("strength", "<f8"),  # (0, 1]
        ("slot", "<i4"),
        ("detector", "<i2"),  # index into the catalogue, file-name order
        ("frame", "<i2"),
        ("direction", "<i4"),  # +1 up, -1 down, 0 neither
        ("row", "<i4"),  # the bar's row in the slice
    ]
)

EMITTED, SUPPRESSED = 0, 1
CANDIDATE = np.dtype(
    [
        ("ts", "<i8"),  # decision instant: close time of the primary bar
        ("instrument", "<i8"),
        ("entry_price", "<f8"),  # reference: the last close at the decision
        ("take_profit", "<f8"),
        ("stop_loss", "<f8"),
        ("expires_at", "<i8"),
        ("confidence", "<f8"),  # (0, 1), before any scoring
        ("mtf_score", "<f8"),  # [0, 1]
        ("events", "<i8"),  # bit d is set if detector d fired on the primary bar
        ("row", "<i8"),  # the primary bar's row in the slice, for its features
        ("slot", "<i4"),
        ("strategy", "<i2"),  # index into the catalogue, file-name order
        ("direction", "i1"),  # +1 long, -1 short
        ("mtf_aligned", "u1"),
        ("status", "u1"),  # EMITTED or SUPPRESSED
        ("reason", "u1"),  # index into SUPPRESSED_REASONS
        ("spare", "<u2"),
        ("cost", "<i4"),  # round trip, millionths of the price; below 0: its fee is assumed; 0: the default cost
        ("mtf_direction", "i1", (MAX_FRAMES,)),
        ("mtf_strength", "<f8", (MAX_FRAMES,)),  # [0, 1]
    ]
)
SUPPRESSED_REASONS = (
    *("", "mtf_not_aligned", "incomplete_data"),  # decided by propose
    *("below_threshold", "negative_expected_value", "symbol_muted", "rate_cap"),  # decided by score
    *("usual_size", "small_gain", "nearly_settled", "below_headline", "cooling_down"),  # decided by spot_whales
)

TP_HIT, SL_HIT, EXPIRED = 0, 1, 2
OUTCOMES = ("tp_hit", "sl_hit", "expired")
OUTCOME = np.dtype(
    [
        ("ts", "<i8"),  # decision instant of the candidate
        ("instrument", "<i8"),
        ("entry_at", "<i8"),  # open time of the bar entered on; 0 if never entered
        ("exit_at", "<i8"),  # close time of the bar that settled it
        ("entry_price", "<f8"),  # NaN if never entered
        ("exit_price", "<f8"),
        ("return_pct", "<f8"),  # net of fees and slippage; NaN, as the next three, if never entered
        ("return_r", "<f8"),  # the same in units of the planned risk
        ("best_r", "<f8"),  # best excursion, gross, in R
        ("worst_r", "<f8"),
        ("confidence", "<f8"),
        ("slot", "<i4"),
        ("strategy", "<i2"),
        ("direction", "i1"),
        ("outcome", "u1"),  # index into OUTCOMES
        ("status", "u1"),  # of the candidate
        ("redeemed", "u1"),  # whether it was redeemed at the payout of its market, without an exit cost
        ("spare", "u1", (6,)),
    ]
)


class Reject(msgspec.Struct, frozen=True):
    """Rejected input with its reason. It is counted and stored, never dropped silently.

    Attributes
    ----------
    source
        File name or stream.
    position
        Line, row or entry number in the source, from 1.
    reason
        A short phrase, such as "price is not a positive number".
    raw
        The original input, at most 1,000 bytes.
    at_ns
        Event or receive time if known, else 0.
    """

    source: str
    position: int
    reason: str
    raw: bytes = b""
    at_ns: int = 0


class Counts(msgspec.Struct):
    """Input counts of one shard since its last Slice."""

    accepted: int = 0  # trades, or bars where bars are the input
    duplicates: int = 0
    late: int = 0
    late_quote_volume: float = 0.0
    rejects: int = 0


@dataclass(slots=True)
class Slice:
    """Results of one shard up to `watermark` (ns)."""

    watermark: int
    names: tuple[str, ...] = ()  # by slot
    counts: Counts = field(default_factory=Counts)
    bars: Rows = field(default_factory=lambda: np.empty(0, BAR))
    gaps: Rows = field(default_factory=lambda: np.empty(0, GAP))
    rejects: list[Reject] = field(default_factory=list)
    features: Rows = field(default_factory=lambda: np.empty((0, 0)))  # (columns, bars) float64, NaN: not warm
    events: Rows = field(default_factory=lambda: np.empty(0, EVENT))
    candidates: Rows = field(default_factory=lambda: np.empty(0, CANDIDATE))
    outcomes: Rows = field(default_factory=lambda: np.empty(0, OUTCOME))
    open_candidates: int = 0  # followed by settle after this slice
