"""Hypothesis strategies for records of the domain, with names that attempt SQL injection."""

from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
from hypothesis import strategies as st

from domain.instruments import instrument_id
from domain.signals import Event, FrameView, Outcome, Signal
from domain.slices import Reject
from store.bars import Bar, BarColumns
from store.gaps import Gap
from store.instruments import Instrument

names = st.sampled_from(
    ["BTCUSDT", "ETHUSDT", "'; DROP TABLE signals; --", "%s %(id)s %%", '{"a",\\b}', "NULL", "", "naïve ☃ 𝄞"]
)
few_instants = st.integers(0, 5).map(lambda n: datetime(2024, 8, 8, tzinfo=UTC) + timedelta(minutes=5 * n))
instants = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))
numbers = st.floats(allow_nan=False, allow_infinity=False)
shares = st.floats(0, 1)
known_or_not = st.none() | numbers
ids = st.integers(0, 40).map(lambda n: f"{n:032x}")


@st.composite
def signals(draw: st.DrawFn) -> Signal:
    """A signal with one of few ids; the same id may be drawn with different contents."""
    status = draw(st.sampled_from(("emitted", "suppressed")))
    return Signal(
        id=draw(ids),
        venue=draw(st.sampled_from(("binance", "sim"))),
        symbol=draw(names),
        market_slug=draw(names),
        signal_type=draw(st.sampled_from(("breakout", "reversal"))),
        timeframe=draw(st.sampled_from(("5m", "1h"))),
        direction=draw(st.sampled_from(("long", "short"))),
        detected_at=draw(few_instants),
        entry_price=draw(numbers),
        take_profit=draw(numbers),
        stop_loss=draw(numbers),
        expires_at=draw(instants),
        status=status,  # type: ignore[arg-type]
        suppressed_reason=None if status == "emitted" else draw(names),
        raw_confidence=draw(shares),
        mtf_aligned=draw(st.booleans()),
        mtf_score=draw(shares),
        mtf_details=draw(st.dictionaries(names, st.builds(FrameView, st.integers(-1, 1), shares), max_size=2)),
        events=draw(st.lists(names, max_size=2)),
        features=draw(st.dictionaries(names, known_or_not, max_size=3)),
        reason=draw(names),
        simulated=draw(st.booleans()),
        regime=draw(st.none() | names),
        adjusted_score=draw(known_or_not),
        time_decay_factor=draw(known_or_not),
        historical_boost=draw(known_or_not),
        correlation_boost=draw(known_or_not),
        risk_penalty=draw(known_or_not),
        final_score=draw(known_or_not),
        ranking=draw(st.none() | st.integers(1, 1000)),
        probability=draw(st.none() | shares),
        expected_value_r=draw(known_or_not),
        model_version=draw(st.none() | names),
        correlations=draw(st.lists(ids, max_size=2)),
    )


outcomes = st.builds(
    Outcome,
    signal_id=ids,
    outcome=st.sampled_from(("tp_hit", "sl_hit", "expired")),
    entry_at=st.none() | instants,
    exit_at=instants,
    entry_price=known_or_not,
    exit_price=known_or_not,
    return_pct=known_or_not,
    return_r=known_or_not,
    best_r=known_or_not,
    worst_r=known_or_not,
    duration_s=known_or_not,
)

events = st.builds(
    Event,
    id=ids,
    venue=st.sampled_from(("binance", "sim")),
    symbol=names,
    timeframe=st.sampled_from(("5m", "1h")),
    detector=st.sampled_from(("breakout", "stretch")),
    direction=st.integers(-1, 1),
    strength=st.floats(0, 1, exclude_min=True),
    detected_at=st.tuples(few_instants, st.sampled_from((1999, 2013, 2024))).map(lambda at: at[0].replace(year=at[1])),
    simulated=st.booleans(),
)

instruments = st.tuples(st.sampled_from(("binance", "sim")), names).map(
    lambda parts: Instrument(
        name=":".join(parts),
        id=instrument_id(":".join(parts)),
        venue=parts[0],
        symbol=parts[1],
        market_slug=parts[1].lower(),
        simulated=parts[0] == "sim",
    )
)

rejects = st.builds(
    Reject,
    source=names,
    position=st.integers(1, 4),
    reason=names,
    raw=st.binary(max_size=30),
    at_ns=st.integers(0, 2**60).map(lambda at_ns: at_ns // 1000 * 1000),
)

trade_ids = st.none() | st.integers(0, 2**63 - 1)
gaps = st.builds(
    Gap, instrument=names, detected_at=few_instants, first_id=trade_ids, last_id=trade_ids, missing=trade_ids
)


@st.composite
def bars(draw: st.DrawFn) -> Bar:
    """A bar of few instruments and times, years apart; the same key may be drawn with different contents."""
    open_time = datetime(draw(st.sampled_from((1999, 2013, 2024))), draw(st.integers(11, 12)), 1, tzinfo=UTC)
    low, high = sorted((draw(numbers), draw(numbers)))
    return Bar(
        instrument=draw(names),
        timeframe=draw(st.sampled_from(("1m", "5m"))),
        open_time=open_time - draw(st.sampled_from((timedelta(), timedelta(microseconds=1)))),
        close_time=open_time + timedelta(minutes=1),
        open=draw(numbers),
        high=high,
        low=low,
        close=draw(numbers),
        volume=draw(numbers),
        quote_volume=draw(known_or_not),
        buy_volume=draw(known_or_not),
        trades=draw(st.none() | st.integers(0, 2**63 - 1)),
        synthetic=draw(st.booleans()),
        incomplete=draw(st.booleans()),
    )


def bar_columns(rows: list[Bar]) -> BarColumns:
    """The same bars as columns."""
    columns = dict(zip(BarColumns._fields, zip(*map(msgspec.structs.astuple, rows), strict=True), strict=True))
    times = {name: [at.replace(tzinfo=None) for at in columns[name]] for name in ("open_time", "close_time")}
    return BarColumns(
        instrument=list(columns["instrument"]),
        timeframe=list(columns["timeframe"]),
        **{name: np.array(values, "datetime64[us]") for name, values in times.items()},
        **{name: np.array(columns[name], float) for name in BarColumns._fields[4:11]},  # None becomes NaN
        trades=np.array([-1 if trades is None else trades for trades in columns["trades"]], np.int64),
        **{name: np.array(columns[name], bool) for name in ("synthetic", "incomplete")},
    )
