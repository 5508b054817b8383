"""Ten months of real 5m bars of three instruments, processed once and shared by all tests."""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pyarrow.feather
from numpy.typing import NDArray

from domain.frames import parse_frames
from domain.instruments import instrument_id
from domain.slices import BAR
from flows.chain import build, run
from tests.builders import blocks_of
from tests.laws import chain
from tests.recordings import recording

FRAMES = parse_frames(("5m", "15m", "1h", "4h"))
SYMBOLS = ("BTC", "ETH", "SOL")


class History(NamedTuple):
    """What was concluded of one instrument, and the number of its bars in each frame."""

    bars: NDArray[np.int64]
    events: NDArray[Any]
    candidates: NDArray[Any]


@cache
def history(symbol: str) -> History:
    """The conclusions over the recording of `symbol`; skips where it is not at hand."""
    table = pyarrow.feather.read_table(recording(f"bars/{symbol}_USDT-5m.feather"))
    name = f"binance:{symbol}USDT"
    rows = np.zeros(table.num_rows, BAR)
    rows["open_time"] = table["date"].cast("int64").to_numpy()
    rows["close_time"] = rows["open_time"] + FRAMES[0].length_ns
    rows["instrument"] = instrument_id(name)
    for column in ("open", "high", "low", "close", "volume"):
        rows[column] = table[column].to_numpy()
    rows["quote_volume"] = rows["buy_volume"] = rows["largest"] = np.nan
    rows["trades"] = -1
    batches = blocks_of(rows, [name], list(range(8_192, rows.size, 8_192)))
    slices = run(build(chain(FRAMES, from_bars=True)), batches)
    return History(
        np.bincount(np.concatenate([each.bars["frame"] for each in slices]), minlength=len(FRAMES)),
        np.concatenate([each.events for each in slices]),
        np.concatenate([each.candidates for each in slices]),
    )
