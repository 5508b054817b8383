"""What spot_whales says of an afternoon of recorded trades: `python -m tests.operators.recorded_whales` prints it.

The recording names wallets, but neither sides nor tokens: a market's name stands for both of its tokens.
So no whale has a direction, what one wallet does in a market within a minute is one episode whichever
answer it took, and there is neither consensus nor disagreement, which need sides. Some transactions have
several wallets, takers and makers, who are told of one by one.
"""

import sys
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.blocks import TRADE, heartbeats, trades_block
from domain.clock import MINUTE, iso
from domain.slices import EMITTED
from domain.whale_settings import WhaleSettings
from domain.whale_trades import reason_of, suppressed_reason
from domain.whales import KINDS, WhaleCounts
from flows.sources.messages import read_messages
from flows.venues.prediction import PredictionDecoder
from flows.venues.row_buffer import RowBuffer, rows_of
from operators.spot_whales import SpotWhales
from tests.recordings import DIRECTORY

NAME = "polymarket/realtime_whale_trades.json.gz"


class Recorded(NamedTuple):
    """Rows of TRADE, repeats and all, the names in them, and the reasons of what could not be read."""

    trades: NDArray[Any]
    names: dict[int, str]
    rejects: list[str]


class Said(NamedTuple):
    """Rows of WHALE, and what was counted."""

    rows: NDArray[Any]
    counts: WhaleCounts


def recorded(path: Path) -> Recorded:
    """What is in a file of trades."""
    buffer, prediction, rows = RowBuffer(path.name), PredictionDecoder(), [np.empty(0, TRADE)]
    for messages, _, _ in read_messages(path):
        for message in messages:
            buffer.begin(*message)
            prediction.decode(message.payload, buffer)
        rows.append(rows_of(buffer.drain(), "trades"))
    return Recorded(np.concatenate(rows), buffer.names, [reject.reason for reject in buffer.rejects])


def said(given: Recorded, settings: WhaleSettings) -> Said:
    """What one shard says that saw all of it, and then two quiet minutes."""
    quiet = heartbeats([int(given.trades["ts"].max()) + 2 * MINUTE])
    found, _ = SpotWhales(settings).on_batch([trades_block(given.trades), trades_block(quiet)])
    return Said(found[0].rows, found[0].counts)


def listed(given: Recorded, rows: NDArray[Any]) -> list[str]:
    """A line for each whale that was told, without its wallet."""
    return [
        f"{iso(int(row['ts']))} {KINDS[row['kind']]} {given.names[int(row['instrument'])].partition(':')[2]}: "
        f"{reason_of(row)}"
        for row in rows[rows["status"] == EMITTED]
    ]


def hushed(rows: NDArray[Any]) -> Counter[str]:
    """How many were suppressed, by reason."""
    return Counter(why for row in rows if (why := suppressed_reason(row)))


def main() -> None:
    """Print it."""
    given = recorded(DIRECTORY / NAME)
    for span_h in (24.0, 1.0):
        told = said(given, WhaleSettings(span_h=span_h))
        lines = [f"what is usual is known after {span_h:g} h; {told.counts}", *listed(given, told.rows)]
        lines += [f"{count:5} suppressed: {why}" for why, count in sorted(hushed(told.rows).items())]
        sys.stdout.write("\n".join(lines) + "\n\n")


if __name__ == "__main__":
    main()
