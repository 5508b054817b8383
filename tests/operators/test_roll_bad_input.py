"""`roll` on invalid input: each kind has its documented behaviour."""

import math

import numpy as np
import pytest

from domain.blocks import bars_block, heartbeats, names_block, trades_block
from domain.clock import DAY, HOUR, MINUTE, SECOND
from domain.errors import SettingError
from domain.frames import Frame
from domain.instruments import instrument_id
from domain.slices import BAR
from operators.roll import Roll, RollSettings
from tests.builders import START, names_in_shard, trade_rows
from tests.operators.test_roll import FRAMES, NAMES, ONE, bars_of, rolled

BAD = [0.0, -1.0, math.nan, math.inf]


@pytest.mark.parametrize(
    ("price", "size"), [*((bad, 1.0) for bad in BAD), *((1.0, bad) for bad in BAD), (1e200, 1e200)]
)
def test_a_bad_number_is_refused_and_moves_no_time(price, size):
    bad = trade_rows([(START + DAY, ONE, price, size, 1)])
    good = trade_rows([(START, ONE, 1.0, 1.0, 1)])
    slices = rolled(np.concatenate([bad, good]), until=START + 2 * MINUTE)
    assert [(each.counts.accepted, each.counts.rejects) for each in slices] == [(1, 1)]
    assert bars_of(slices)["close_time"].tolist() == [START + MINUTE]


def plain_bars(count):
    rows = np.zeros(count, BAR)
    rows["open_time"] = START + np.arange(count) * MINUTE
    rows["close_time"] = rows["open_time"] + MINUTE
    rows["instrument"] = ONE
    for name in ("open", "high", "low", "close", "volume"):
        rows[name] = 1.0
    return rows


@pytest.mark.parametrize(
    "wrong",
    [
        *({name: bad} for name in ("open", "high", "low", "close") for bad in BAD),
        *({name: bad} for name in ("volume", "quote_volume", "buy_volume") for bad in (-1.0, math.inf)),
        {"volume": math.nan},
        {"high": 0.5, "low": 2.0},
        {"open": 3.0},
        {"close": 0.5},
        {"open_time": START + DAY + 1},
    ],
)
def test_a_bar_that_contradicts_itself_is_refused_and_moves_no_time(wrong):
    rows = plain_bars(3)
    bad = rows[:1].copy()
    bad["open_time"] += DAY
    bad["close_time"] += DAY
    for name, value in wrong.items():
        bad[name] = value
    whole = RollSettings(FRAMES, lateness_ns=0, partial_first=False)
    block = bars_block(np.concatenate([bad, rows]))
    slices, _ = Roll(whole).on_batch([names_block(NAMES), block, trades_block(heartbeats([START + 3 * MINUTE]))])
    assert [(each.counts.accepted, each.counts.rejects) for each in slices] == [(3, 1)]
    clean, _ = Roll(whole).on_batch(
        [names_block(NAMES), bars_block(rows), trades_block(heartbeats([START + 3 * MINUTE]))]
    )
    assert bars_of(slices).tobytes() == bars_of(clean).tobytes()


def test_a_repeated_bar_is_a_duplicate_and_an_old_one_late():
    rows = plain_bars(3)
    roll = Roll(RollSettings(FRAMES, lateness_ns=0, partial_first=False))
    slices, _ = roll.on_batch(
        [names_block(NAMES), bars_block(rows[[0, 0, 1, 2, 0]]), trades_block(heartbeats([START + 5 * MINUTE]))]
    )
    assert [(each.counts.accepted, each.counts.duplicates, each.counts.late) for each in slices] == [(3, 1, 1)]


@pytest.mark.parametrize("names", [("2m", "5m"), ("1m", "90s"), ("5m", "1m")])
def test_frames_that_are_no_multiples_of_the_finest_are_refused(names):
    with pytest.raises(SettingError, match="is not a multiple of"):
        RollSettings(tuple(Frame.parse(name) for name in names))


def test_slots_of_expired_instruments_are_reused():
    roll = Roll(RollSettings(FRAMES, quiet_ns=HOUR))
    sizes = []
    for wave in range(8):
        names = names_in_shard(100, venue=f"wave{wave}")
        first = START + wave * 2 * HOUR
        rows = trade_rows([(first + at, instrument_id(name), 1.0, 1.0, 1) for at, name in enumerate(names)])
        ends = heartbeats([first + HOUR + 10 * MINUTE])
        slices, _ = roll.on_batch([names_block(names), trades_block(np.concatenate([rows, ends]))])
        assert {len(each.names) for each in slices} == {100}
        assert set(slices[-1].bars["slot"]) == set(range(100))
        sizes.append(len(roll.snapshot()))
    names_kept = 60 * 100  # bytes a wave, since nobody tells a name twice
    assert max(np.diff(sizes)) <= names_kept


def test_lateness_beyond_the_finest_frame_is_refused():
    with pytest.raises(ValueError, match="must lie between 0 and the finest frame"):
        RollSettings(FRAMES, lateness_ns=2 * MINUTE)


def test_a_second_may_hold_a_million_trades_of_one_instrument():
    count = 1_000_000
    rows = np.repeat(trade_rows([(START, ONE, 1.0, 0.5, 1)]), 3 * count)
    rows["ts"] = START + np.arange(3 * count) * (SECOND // count)
    rows["id"] = np.arange(3 * count)
    rows["price"] = 100.0 + np.arange(3 * count) % 7
    slices = rolled(rows, until=START + 2 * MINUTE)
    (minute,) = bars_of(slices)[bars_of(slices)["frame"] == 0]
    assert [int(minute[name]) for name in ("trades", "first_id", "last_id")] == [3 * count, 0, 3 * count - 1]
    told = [float(minute[name]) for name in ("open", "high", "low", "close", "volume")]
    assert told == [100.0, 106.0, 100.0, 100.0 + (3 * count - 1) % 7, 1.5 * count]


def test_time_that_goes_backwards_is_in_order_within_the_lateness_and_late_beyond_it():
    back = [
        (START + 90 * SECOND, ONE, 2.0, 1.0, 1),
        (START + 89 * SECOND + SECOND // 2, ONE, 9.0, 1.0, 1),  # half a second back: in time
        (START + 30 * SECOND, ONE, 5.0, 1.0, 1),  # its minute has closed
        (START - 365 * DAY, ONE, 6.0, 1.0, 1),
        (0, ONE, 7.0, 1.0, 1),
    ]
    slices = rolled(trade_rows(back), until=START + 3 * MINUTE)
    assert sum(each.counts.accepted for each in slices) == 2
    assert sum(each.counts.late for each in slices) == 3
    assert sum(each.counts.late_quote_volume for each in slices) == 5.0 + 6.0 + 7.0
    bars = bars_of(slices)
    (minute,) = bars[(bars["frame"] == 0) & (bars["trades"] > 0)]
    assert [float(minute[name]) for name in ("open", "high", "low", "close")] == [9.0, 9.0, 2.0, 2.0]
