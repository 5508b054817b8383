"""Cell: one bar under construction, from trades or from finer bars.

Volumes are summed with a compensation term (Knuth's two-sum), so they equal `math.fsum` except for rare
ties. Open and close are the prices of the first and last trade by (time, id), so the order of arrival
does not matter.
"""

import numpy as np

from domain.blocks import NO_ID
from domain.slices import INCOMPLETE, SYNTHETIC
from operators.kernels import kernel

CELL = np.dtype(
    [(name, "<f8") for name in ("open", "high", "low", "close")]
    + [(name, "<f8") for name in ("volume", "volume_rest", "quote", "quote_rest", "buy", "buy_rest", "largest")]
    + [(name, "<i8") for name in ("count", "trades", "first_ts", "first_id", "last_ts", "last_id")]
    + [(name, "<i8") for name in ("min_id", "max_id", "flags")]
)
"""`count` is the number of inputs: trades, or bars for the higher frames."""


@kernel
def add(total, rest, value):
    """Two-sum: (total + value, rest + rounding error)."""
    grown = total + value
    back = grown - total
    return grown, rest + ((total - (grown - back)) + (value - back))


@kernel
def clear(cell):
    """Reset the cell; prices are set by the first trade or bar."""
    cell.count = 0
    cell.trades = 0
    cell.flags = 0
    cell.first_id = cell.last_id = NO_ID
    cell.volume = cell.volume_rest = cell.quote = cell.quote_rest = cell.buy = cell.buy_rest = cell.largest = 0.0


@kernel
def add_trade(cell, trade):
    """Add one trade."""
    price, size, ts = trade.price, trade.size, trade.ts
    if cell.count == 0:
        cell.open = cell.high = cell.low = cell.close = price
        cell.first_ts = cell.last_ts = ts
        cell.first_id = cell.last_id = cell.min_id = cell.max_id = trade.id
    else:
        cell.high = max(cell.high, price)
        cell.low = min(cell.low, price)
        if ts > cell.last_ts or (ts == cell.last_ts and trade.id >= cell.last_id):
            cell.close, cell.last_ts, cell.last_id = price, ts, trade.id
        elif ts < cell.first_ts or (ts == cell.first_ts and trade.id < cell.first_id):
            cell.open, cell.first_ts, cell.first_id = price, ts, trade.id
        cell.min_id = min(cell.min_id, trade.id)
        cell.max_id = max(cell.max_id, trade.id)
    cell.count += 1
    cell.trades += 1
    cell.largest = max(cell.largest, size)
    cell.volume, cell.volume_rest = add(cell.volume, cell.volume_rest, size)
    cell.quote, cell.quote_rest = add(cell.quote, cell.quote_rest, price * size)
    if trade.side > 0:
        cell.buy, cell.buy_rest = add(cell.buy, cell.buy_rest, size)
    elif trade.side == 0:
        cell.buy = np.nan  # one unknown side leaves the sum unknown


@kernel
def fold(fold, bar, aligned):
    """Fold one closed bar of the finest frame into a bar of a higher frame."""
    if fold.count == 0:
        fold.open, fold.high, fold.low = bar.open, bar.high, bar.low
        fold.flags = SYNTHETIC if aligned else SYNTHETIC | INCOMPLETE
    if fold.first_id == NO_ID:
        fold.first_id = bar.first_id
    if bar.last_id != NO_ID:
        fold.last_id = bar.last_id
    fold.high = max(fold.high, bar.high)
    fold.low = min(fold.low, bar.low)
    fold.close = bar.close
    fold.volume, fold.volume_rest = add(fold.volume, fold.volume_rest, bar.volume)
    fold.quote, fold.quote_rest = add(fold.quote, fold.quote_rest, bar.quote_volume)
    fold.buy, fold.buy_rest = add(fold.buy, fold.buy_rest, bar.buy_volume)
    # Not max(): it would drop a NaN, which means that the input has no such value.
    if not bar.largest <= fold.largest:
        fold.largest = bar.largest + fold.largest * 0.0
    if bar.trades < 0 or fold.trades < 0:
        fold.trades = -1
    else:
        fold.trades += bar.trades
    fold.flags |= bar.flags & INCOMPLETE
    if not bar.flags & SYNTHETIC:
        fold.flags &= ~SYNTHETIC
    fold.count += 1


@kernel
def write(row, cell, open_time, close_time, instrument, slot, frame, flags, available_at):
    """Write the bar as a row of BAR."""
    row.open_time, row.close_time, row.instrument = open_time, close_time, instrument
    row.open, row.high, row.low, row.close = cell.open, cell.high, cell.low, cell.close
    row.volume = cell.volume + cell.volume_rest
    row.quote_volume = cell.quote + cell.quote_rest
    row.buy_volume = cell.buy + cell.buy_rest
    row.largest, row.available_at = cell.largest, available_at
    row.first_id, row.last_id = cell.first_id, cell.last_id
    row.trades, row.slot, row.frame, row.flags = cell.trades, slot, frame, flags
