"""Slice records: convert a Slice to the records and columns that the store writes.

Pure functions of a Slice and its vocabulary. Only the representation changes: codes become names, instants
become datetimes, and NaN becomes null. Results across shards are converted by flows/aligned_records.py.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from domain import clock, ids
from domain.instruments import instrument_id, symbol_of, venue_of
from domain.signals import Event
from domain.slices import INCOMPLETE, SYNTHETIC, Slice
from domain.vocabulary import Vocabulary
from flows.plain_values import non_negative_or_none, rows
from store.bars import BarColumns
from store.gaps import Gap
from store.instruments import Instrument
from store.latest import FeatureRow


@lru_cache(maxsize=100_000)
def instrument(name: str) -> Instrument:
    """The instrument record of `venue:symbol`."""
    return Instrument(
        name=name,
        id=instrument_id(name),
        venue=venue_of(name),
        symbol=symbol_of(name),
        market_slug=symbol_of(name).lower(),
        simulated=venue_of(name) == "sim",
    )


def bars(given: Slice, vocabulary: Vocabulary) -> BarColumns:
    """The closed bars, as columns."""
    closed = given.bars
    return BarColumns(
        instrument=np.array(given.names, object)[closed["slot"]].tolist(),
        timeframe=np.array(vocabulary.frames, object)[closed["frame"]].tolist(),
        open_time=_microseconds(closed["open_time"]),
        close_time=_microseconds(closed["close_time"]),
        open=closed["open"],
        high=closed["high"],
        low=closed["low"],
        close=closed["close"],
        volume=closed["volume"],
        quote_volume=closed["quote_volume"],
        buy_volume=closed["buy_volume"],
        trades=closed["trades"],
        synthetic=closed["flags"] & SYNTHETIC != 0,
        incomplete=closed["flags"] & INCOMPLETE != 0,
    )


def events(given: Slice, vocabulary: Vocabulary) -> list[Event]:
    """The events of detectors, in the slice's order."""
    records = []
    for row in rows(given.events):
        listed, frame = instrument(given.names[row["slot"]]), vocabulary.frames[row["frame"]]
        detector = vocabulary.detectors[row["detector"]]
        records.append(
            Event(
                id=ids.event_id(listed.name, frame, detector, row["ts"]),
                venue=listed.venue,
                symbol=listed.symbol,
                timeframe=frame,
                detector=detector,
                direction=row["direction"],
                strength=row["strength"],
                detected_at=clock.to_datetime(row["ts"]),
                simulated=listed.simulated,
            )
        )
    return records


def gaps(given: Slice) -> list[Gap]:
    """The gaps in the trades of each instrument."""
    return [
        Gap(
            instrument=given.names[row["slot"]],
            detected_at=clock.to_datetime(row["detected_at"]),
            first_id=non_negative_or_none(row["first_id"]),
            last_id=non_negative_or_none(row["last_id"]),
            missing=non_negative_or_none(row["missing"]),
        )
        for row in rows(given.gaps)
    ]


def latest(given: Slice, vocabulary: Vocabulary) -> list[FeatureRow]:
    """The features of the newest bar of each instrument and frame."""
    closed = given.bars
    # Bars are in order of time, so the newest of each (instrument, frame) is the first in reverse.
    series = closed["slot"].astype(np.int64) * len(vocabulary.frames) + closed["frame"]
    newest = closed.size - 1 - np.unique(series[::-1], return_index=True)[1]
    return [
        FeatureRow(
            instrument=given.names[closed["slot"][at]],
            timeframe=vocabulary.frames[closed["frame"][at]],
            close_time=clock.iso(int(closed["close_time"][at])),
            values=dict(zip(vocabulary.features, given.features[:, at].tolist(), strict=True)),
        )
        for at in newest
    ]


def _microseconds(at_ns: NDArray[np.int64]) -> NDArray[np.datetime64]:
    return (at_ns // clock.MICROSECOND).view("datetime64[us]")
