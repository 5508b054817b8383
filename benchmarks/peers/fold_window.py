"""Bytewax's own fold_window: bars of 1m as its users write them, an item a trade."""

from datetime import UTC, datetime, timedelta
from typing import Any

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.operators import windowing as win
from numpy.typing import NDArray

from benchmarks.markets import START, Ready
from benchmarks.timing import Count, timed


def run(rows: NDArray[Any]) -> tuple[float, int]:
    """Seconds that it takes with recovery on, and bars made."""
    at = [datetime.fromtimestamp(ts / 1e9, UTC) for ts in rows["ts"].tolist()]
    keys = rows["instrument"].astype(str).tolist()
    values = list(zip(at, rows["price"].tolist(), rows["size"].tolist(), strict=True))
    items = list(zip(keys, values, strict=True))
    batches = [items[first : first + 1_000] for first in range(0, len(items), 1_000)]

    def fold(bar: Any, trade: Any) -> Any:
        _, price, size = trade
        if bar is None:
            return [price, price, price, price, size]
        bar[1], bar[2], bar[3] = max(bar[1], price), min(bar[2], price), price
        bar[4] += size
        return bar

    wait = timedelta(seconds=1)
    clock: Any = win.EventClock(lambda trade: trade[0], wait, to_system_utc=lambda ts: ts + wait)
    windower = win.TumblingWindower(timedelta(minutes=1), datetime.fromtimestamp(START / 1e9, UTC))
    flow = Dataflow("fold_window")
    stream = op.input("trades", flow, Ready({"000": batches}))
    bars = win.fold_window("bars", stream, clock, windower, lambda: None, fold, lambda a, b: a or b, ordered=False)
    sink = Count(lambda key: 0, 1)
    op.output("count", op.map("keyed", bars.down, lambda item: (item[0], item[1])), sink)
    return timed(flow), sink.total
