import math
from datetime import UTC, datetime

import numpy as np
import pytest

from domain.blocks import NO_ID
from domain.clock import MINUTE, SECOND
from domain.ids import event_id
from domain.instruments import instrument_id
from domain.signals import Event
from domain.slices import BAR, EVENT, GAP, INCOMPLETE, SYNTHETIC, Slice
from domain.vocabulary import Vocabulary
from flows import slice_records
from store.gaps import Gap
from store.instruments import Instrument
from store.latest import FeatureRow
from tests.builders import records

AT = 1_723_161_300 * SECOND
AT_TIME = datetime(2024, 8, 8, 23, 55, tzinfo=UTC)
NAMES = ("binance:BTCUSDT", "sim:ETH:USD")
FEW = Vocabulary(
    frames=("1m", "5m"),
    features=("rsi", "ema"),
    detectors=("breakout", "spike"),
    strategies=("fade", "follow"),
    primary="5m",
)


@pytest.fixture
def given() -> Slice:
    """One instant at which two frames close."""
    prices = {"open": 1.0, "high": 3.0, "low": 0.5, "close": 2.0, "volume": 7.0}
    own = {"instrument": instrument_id(NAMES[0]), "slot": 0}
    return Slice(
        watermark=AT,
        names=NAMES,
        bars=records(
            BAR,
            {"open_time": AT - 1 * MINUTE, "close_time": AT, "slot": 1, "flags": SYNTHETIC, "trades": 0, **prices},
            {
                "open_time": AT - 5 * MINUTE + 999,
                "close_time": AT,
                "frame": 1,
                "flags": INCOMPLETE,
                "trades": -1,
                "quote_volume": math.nan,
                **own,
                **prices,
            },
        ),
        gaps=records(
            GAP,
            {"detected_at": AT, "first_id": 7, "last_id": 9, "missing": 1, **own},
            {"detected_at": AT, "first_id": NO_ID, "last_id": NO_ID, "missing": -1, "slot": 1},
        ),
        features=np.array([[math.nan, 61.5], [1.0, math.inf]]),
        events=records(
            EVENT,
            {"ts": AT, "slot": 1, "strength": 0.5, "detector": 1, "row": 0},
            {"ts": AT, "strength": 0.25, "detector": 0, "frame": 1, "direction": -1, "row": 1, **own},
        ),
    )


def test_an_instrument_is_listed_by_its_name() -> None:
    assert slice_records.instrument("sim:ETH:USD") == Instrument(
        name="sim:ETH:USD",
        id=instrument_id("sim:ETH:USD"),
        venue="sim",
        symbol="ETH:USD",
        market_slug="eth:usd",
        simulated=True,
    )


def test_bars_are_columns(given: Slice) -> None:
    columns = slice_records.bars(given, FEW)
    assert columns.instrument == [NAMES[1], NAMES[0]]
    assert columns.timeframe == ["1m", "5m"]
    assert columns.open_time.tolist() == [datetime(2024, 8, 8, 23, 54), datetime(2024, 8, 8, 23, 50)]
    assert columns.close_time.tolist() == [AT_TIME.replace(tzinfo=None)] * 2
    assert columns.synthetic.tolist() == [True, False]
    assert columns.incomplete.tolist() == [False, True]
    for name in ("open", "high", "low", "close", "volume", "quote_volume", "buy_volume", "trades"):
        np.testing.assert_array_equal(getattr(columns, name), given.bars[name])


def test_events_have_names(given: Slice) -> None:
    assert slice_records.events(given, FEW) == [
        Event(
            id=event_id("sim:ETH:USD", "1m", "spike", AT),
            venue="sim",
            symbol="ETH:USD",
            timeframe="1m",
            detector="spike",
            direction=0,
            strength=0.5,
            detected_at=AT_TIME,
            simulated=True,
        ),
        Event(
            id=event_id("binance:BTCUSDT", "5m", "breakout", AT),
            venue="binance",
            symbol="BTCUSDT",
            timeframe="5m",
            detector="breakout",
            direction=-1,
            strength=0.25,
            detected_at=AT_TIME,
            simulated=False,
        ),
    ]


def test_a_gap_has_its_known_fields(given: Slice) -> None:
    assert slice_records.gaps(given) == [
        Gap(instrument=NAMES[0], detected_at=AT_TIME, first_id=7, last_id=9, missing=1),
        Gap(instrument=NAMES[1], detected_at=AT_TIME, first_id=None, last_id=None, missing=None),
    ]


def test_latest_is_the_newest_row_of_each_instrument_and_frame(given: Slice) -> None:
    earlier = given.bars[1:].copy()
    earlier["close_time"] -= 5 * MINUTE
    given.bars = np.concatenate([earlier, given.bars])
    given.features = np.hstack([np.full((2, 1), -1.0), given.features])
    found = {(row.instrument, row.timeframe): row for row in slice_records.latest(given, FEW)}
    assert len(found) == 2
    assert found[NAMES[0], "5m"] == FeatureRow(NAMES[0], "5m", "2024-08-08T23:55:00Z", {"rsi": 61.5, "ema": math.inf})


def test_an_empty_slice_has_no_records() -> None:
    empty = Slice(AT, names=NAMES)
    assert slice_records.events(empty, FEW) == []
    assert slice_records.gaps(empty) == []
    assert slice_records.bars(empty, FEW).instrument == []
