"""Strategies that draw records of the domain, with names that try to be SQL."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from domain.signals import FrameView, Outcome, Signal

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
    """A signal of one of few ids; drawn twice, an id may come with other contents."""
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
    return_pct=numbers,
    return_r=numbers,
    best_r=numbers,
    worst_r=numbers,
    duration_s=known_or_not,
)
