"""Conclusions: what a Slice says, in words: the records and columns that the ledger and the feed take.

Pure functions of a Slice and the vocabulary of its recipe. Nothing is computed here that was not
decided before; numbers get their names, instants their form, and what is not a number is null.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain import clock, ids
from domain.instruments import instrument_id, symbol_of, venue_of
from domain.signals import Event, FrameView, Outcome, Signal
from domain.slices import INCOMPLETE, OUTCOMES, SUPPRESSED, SUPPRESSED_REASONS, SYNTHETIC, Slice
from domain.vocabulary import Vocabulary
from flows.reasons import Evidence, sentence
from store.bars import BarColumns
from store.gaps import Gap
from store.instruments import Instrument
from store.latest import FeatureRow


def instrument(name: str) -> Instrument:
    """How `venue:symbol` is listed."""
    return Instrument(
        name=name,
        id=instrument_id(name),
        venue=venue_of(name),
        symbol=symbol_of(name),
        market_slug=_market_slug(name),
        simulated=_simulated(name),
    )


def bars(given: Slice, vocabulary: Vocabulary) -> BarColumns:
    """The closed bars, as columns."""
    rows = given.bars
    return BarColumns(
        instrument=np.array(given.names, object)[rows["slot"]].tolist(),
        timeframe=np.array(vocabulary.frames, object)[rows["frame"]].tolist(),
        open_time=_microseconds(rows["open_time"]),
        close_time=_microseconds(rows["close_time"]),
        open=rows["open"],
        high=rows["high"],
        low=rows["low"],
        close=rows["close"],
        volume=rows["volume"],
        quote_volume=rows["quote_volume"],
        buy_volume=rows["buy_volume"],
        trades=rows["trades"],
        synthetic=rows["flags"] & SYNTHETIC != 0,
        incomplete=rows["flags"] & INCOMPLETE != 0,
    )


def events(given: Slice, vocabulary: Vocabulary) -> list[Event]:
    """What detectors noticed, in the slice's order."""
    found = []
    for row in _rows(given.events):
        name, frame = given.names[row["slot"]], vocabulary.frames[row["frame"]]
        detector = vocabulary.detectors[row["detector"]]
        found.append(
            Event(
                id=ids.event_id(name, frame, detector, row["ts"]),
                venue=venue_of(name),
                symbol=symbol_of(name),
                timeframe=frame,
                detector=detector,
                direction=row["direction"],
                strength=row["strength"],
                detected_at=clock.to_datetime(row["ts"]),
                simulated=_simulated(name),
            )
        )
    return found


def signals(given: Slice, vocabulary: Vocabulary) -> list[Signal]:
    """The candidates, emitted and suppressed, each with its reason in a sentence."""
    return [_signal(given, vocabulary, row) for row in _rows(given.candidates)]


def outcomes(given: Slice, vocabulary: Vocabulary) -> list[Outcome]:
    """How candidates of this slice and of earlier ones ended."""
    found = []
    for row in _rows(given.outcomes):
        entered, name = row["entry_at"] != 0, given.names[row["slot"]]
        strategy = vocabulary.strategies[row["strategy"]]
        found.append(
            Outcome(
                signal_id=ids.signal_id(name, vocabulary.primary, strategy, row["direction"], row["ts"]),
                outcome=OUTCOMES[row["outcome"]],  # type: ignore[arg-type]  # the names of OutcomeName
                entry_at=clock.to_datetime(row["entry_at"]) if entered else None,
                exit_at=clock.to_datetime(row["exit_at"]),
                entry_price=_known(row["entry_price"]),
                exit_price=_known(row["exit_price"]),
                return_pct=_known(row["return_pct"]),
                return_r=_known(row["return_r"]),
                best_r=_known(row["best_r"]),
                worst_r=_known(row["worst_r"]),
                duration_s=(row["exit_at"] - row["entry_at"]) / clock.SECOND if entered else None,
            )
        )
    return found


def gaps(given: Slice) -> list[Gap]:
    """Where trades are missing."""
    return [
        Gap(
            instrument=given.names[row["slot"]],
            detected_at=clock.to_datetime(row["detected_at"]),
            first_id=_counted(row["first_id"]),
            last_id=_counted(row["last_id"]),
            missing=_counted(row["missing"]),
        )
        for row in _rows(given.gaps)
    ]


def latest(given: Slice, vocabulary: Vocabulary) -> list[FeatureRow]:
    """The features of the newest bar of each instrument and frame."""
    rows = given.bars
    # Bars stand in order of time, so the newest of a lane is the first from behind.
    lanes = rows["slot"].astype(np.int64) * len(vocabulary.frames) + rows["frame"]
    newest = rows.size - 1 - np.unique(lanes[::-1], return_index=True)[1]
    return [
        FeatureRow(
            instrument=given.names[rows["slot"][at]],
            timeframe=vocabulary.frames[rows["frame"][at]],
            close_time=clock.iso(int(rows["close_time"][at])),
            values=dict(zip(vocabulary.features, given.features[:, at].tolist(), strict=True)),
        )
        for at in newest
    ]


def _signal(given: Slice, vocabulary: Vocabulary, row: dict[str, Any]) -> Signal:
    name, strategy = given.names[row["slot"]], vocabulary.strategies[row["strategy"]]
    evidence = [
        Evidence(vocabulary.detectors[event["detector"]], event["direction"], event["strength"])
        for event in _rows(given.events[given.events["row"] == row["row"]])
    ]
    # The columns hold room for as many frames as a recipe may have.
    looks = list(zip(vocabulary.frames, row["mtf_direction"].tolist(), row["mtf_strength"].tolist(), strict=False))
    features = zip(vocabulary.features, given.features[:, row["row"]].tolist(), strict=True)
    suppressed = SUPPRESSED_REASONS[row["reason"]] if row["status"] == SUPPRESSED else None
    expires_at = clock.to_datetime(row["expires_at"])
    return Signal(
        id=ids.signal_id(name, vocabulary.primary, strategy, row["direction"], row["ts"]),
        venue=venue_of(name),
        symbol=symbol_of(name),
        market_slug=_market_slug(name),
        signal_type=strategy,
        timeframe=vocabulary.primary,
        direction="long" if row["direction"] > 0 else "short",
        detected_at=clock.to_datetime(row["ts"]),
        entry_price=row["entry_price"],
        take_profit=row["take_profit"],
        stop_loss=row["stop_loss"],
        expires_at=expires_at,
        status="suppressed" if suppressed else "emitted",
        suppressed_reason=suppressed,
        raw_confidence=row["confidence"],
        mtf_aligned=bool(row["mtf_aligned"]),
        mtf_score=row["mtf_score"],
        mtf_details={frame: FrameView(direction, strength) for frame, direction, strength in looks},
        events=[each.detector for each in evidence],
        features={feature: _known(value) for feature, value in features},
        reason=sentence(
            symbol=symbol_of(name),
            timeframe=vocabulary.primary,
            strategy=strategy,
            direction=row["direction"],
            evidence=evidence,
            frame_directions=[direction for _, direction, _ in looks],
            take_profit=row["take_profit"],
            stop_loss=row["stop_loss"],
            expires_at=expires_at,
            suppressed_reason=suppressed,
        ),
        simulated=_simulated(name),
    )


def _microseconds(at_ns: NDArray[np.int64]) -> NDArray[np.datetime64]:
    return (at_ns // clock.MICROSECOND).view("datetime64[us]")


def _rows(rows: NDArray[Any]) -> Iterator[dict[str, Any]]:
    """Rows of a struct array as dicts of plain Python numbers."""
    names = rows.dtype.names or ()
    return (dict(zip(names, row, strict=True)) for row in rows.tolist())


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _counted(value: int) -> int | None:
    return value if value >= 0 else None


def _market_slug(name: str) -> str:
    return symbol_of(name).lower()


def _simulated(name: str) -> bool:
    return venue_of(name) == "sim"
