import math
from datetime import UTC, datetime

import msgspec
import numpy as np
import pytest

from domain.aligned import Aligned
from domain.clock import MINUTE, SECOND
from domain.composites import COMPOSITE, KINDS
from domain.ids import event_id, evidence_id, signal_id
from domain.instruments import instrument_id
from domain.scores import REGIMES, SCORE
from domain.signals import FrameView, Outcome, Signal
from domain.slices import CANDIDATE, EMITTED, EVENT, EXPIRED, OUTCOME, TP_HIT
from domain.vocabulary import Vocabulary
from flows import aligned_records
from tests.builders import records
from tests.flows.market import WORDS, decided

AT = 1_723_161_300 * SECOND
AT_TIME = datetime(2024, 8, 8, 23, 55, tzinfo=UTC)
NAME = "binance:BTCUSDT"
FEW = Vocabulary(
    frames=("1m", "5m"),
    features=("rsi", "ema"),
    detectors=("breakout", "spike"),
    strategies=("fade", "follow"),
    primary="5m",
)


@pytest.fixture
def given() -> Aligned:
    """One instant at which a candidate is made and an older one ends."""
    own = {"instrument": instrument_id(NAME)}
    return Aligned(
        watermark=AT,
        names={instrument_id(NAME): NAME},
        decided=np.array([[61.5], [math.inf]]),
        events=records(
            EVENT,
            {"ts": AT, "strength": 0.5, "detector": 1, "frame": 0, **own},
            {"ts": AT, "strength": 0.25, "detector": 0, "frame": 1, "direction": -1, **own},
            {"ts": AT, "strength": 0.125, "detector": 0, "frame": 1, "instrument": 7},
        ),
        candidates=records(
            CANDIDATE,
            {
                "ts": AT,
                "entry_price": 2.0,
                "take_profit": 1.0,
                "stop_loss": 2.5,
                "expires_at": AT + 60 * MINUTE,
                "confidence": 0.75,
                "mtf_score": 0.5,
                "strategy": 1,
                "direction": -1,
                "mtf_aligned": 1,
                "status": EMITTED,
                "mtf_direction": [-1, 1, 0, 0, 0, 0, 0, 0],
                "mtf_strength": [0.5, 1.0, 0, 0, 0, 0, 0, 0],
                "events": 0b01,
                **own,
            },
        ),
        outcomes=records(
            OUTCOME,
            {
                "ts": AT - 60 * MINUTE,
                "entry_at": AT - 59 * MINUTE,
                "exit_at": AT,
                "entry_price": 2.0,
                "exit_price": 1.0,
                "return_pct": 49.9,
                "return_r": 0.9,
                "best_r": 1.0,
                "worst_r": -0.5,
                "strategy": 0,
                "direction": -1,
                "outcome": TP_HIT,
                **own,
            },
            {
                "ts": AT - 60 * MINUTE,
                "exit_at": AT,
                "entry_price": math.nan,
                "exit_price": math.nan,
                "return_pct": math.nan,
                "return_r": math.nan,
                "best_r": math.nan,
                "worst_r": math.nan,
                "strategy": 1,
                "direction": 1,
                "outcome": EXPIRED,
                **own,
            },
        ),
    )


def test_a_signal_has_all_fields_of_the_decision(given: Aligned) -> None:
    assert aligned_records.signals(given, FEW) == [
        Signal(
            id=signal_id("binance:BTCUSDT", "5m", "follow", -1, AT),
            venue="binance",
            symbol="BTCUSDT",
            market_slug="btcusdt",
            signal_type="follow",
            timeframe="5m",
            direction="short",
            detected_at=AT_TIME,
            entry_price=2.0,
            take_profit=1.0,
            stop_loss=2.5,
            expires_at=datetime(2024, 8, 9, 0, 55, tzinfo=UTC),
            status="emitted",
            suppressed_reason=None,
            raw_confidence=0.75,
            mtf_aligned=True,
            mtf_score=0.5,
            mtf_details={"1m": FrameView(-1, 0.5), "5m": FrameView(1, 1.0)},
            events=["breakout"],
            features={"rsi": 61.5, "ema": None},
            reason="Short BTCUSDT 5m: breakout down (0.25), aligned on 1 of 2 frames, "
            "target 1.0, stop 2.5, expires 2024-08-09 00:55 UTC.",
            simulated=False,
        )
    ]


def test_an_outcome_finds_its_signal(given: Aligned) -> None:
    assert aligned_records.outcomes(given, FEW) == [
        Outcome(
            signal_id=signal_id("binance:BTCUSDT", "5m", "fade", -1, AT - 60 * MINUTE),
            outcome="tp_hit",
            entry_at=datetime(2024, 8, 8, 22, 56, tzinfo=UTC),
            exit_at=AT_TIME,
            entry_price=2.0,
            exit_price=1.0,
            return_pct=49.9,
            return_r=0.9,
            best_r=1.0,
            worst_r=-0.5,
            duration_s=3540.0,
        ),
        Outcome(
            signal_id=signal_id("binance:BTCUSDT", "5m", "follow", 1, AT - 60 * MINUTE),
            outcome="expired",
            entry_at=None,
            exit_at=AT_TIME,
            entry_price=None,
            exit_price=None,
            return_pct=None,
            return_r=None,
            best_r=None,
            worst_r=None,
            duration_s=None,
        ),
    ]


def test_a_score_fills_its_fields(given: Aligned) -> None:
    given.scores = records(
        SCORE,
        {
            "probability": 0.6,
            "adjusted_score": 0.55,
            "time_decay_factor": 1.0,
            "historical_boost": 0.1,
            "correlation_boost": 0.2,
            "risk_penalty": 0.25,
            "expected_r": math.nan,
            "final_score": 40.0,
            "ranking": 3,
            "regime": REGIMES.index("quiet_up"),
            "correlations": 1,
            "correlated": [AT - 5 * MINUTE, 0, 0, 0],
            "correlated_strategy": [0, 0, 0, 0],
            "correlated_direction": [1, 0, 0, 0],
        },
    )
    (signal,) = aligned_records.signals(given, FEW)
    expected = {
        "regime": "quiet_up",
        "adjusted_score": 0.55,
        "time_decay_factor": 1.0,
        "historical_boost": 0.1,
        "correlation_boost": 0.2,
        "risk_penalty": 0.25,
        "final_score": 40.0,
        "ranking": 3,
        "probability": 0.6,
        "expected_value_r": None,
        "correlations": [signal_id(NAME, "5m", "fade", 1, AT - 5 * MINUTE)],
    }
    assert {name: getattr(signal, name) for name in expected} == expected


def test_a_composite_names_its_components_by_what_they_are() -> None:
    parts = {
        "component_kind": [KINDS.index("signal"), KINDS.index("event"), KINDS.index("whale"), *[0] * 5],
        "component_idea": [1, 1, 0, *[0] * 5],
        "component_frame": [1, 0, 0, *[0] * 5],
        "component_direction": [1, 0, -1, *[0] * 5],
        "component_ts": [AT, AT - MINUTE, AT - 7, *[0] * 5],
        "component_weight": [0.5, 0.25, -0.125, *[0] * 5],
    }
    row = {"ts": AT, "instrument": instrument_id(NAME), "direction": 1, "components": 3, "expected_return": math.nan}
    vocabulary = msgspec.structs.replace(FEW, patterns=("signal_consensus",), verbs=("agree",))
    whole = Aligned(AT, names={instrument_id(NAME): NAME}, composites=records(COMPOSITE, {**row, **parts}))
    (composite,) = aligned_records.composites(whole, vocabulary)
    assert [(each.kind, each.name, each.id, each.direction) for each in composite.component_signals] == [
        ("signal", "follow", signal_id(NAME, "5m", "follow", 1, AT), 1),
        ("event", "spike", event_id(NAME, "1m", "spike", AT - MINUTE), 0),
        ("whale", "whale", evidence_id(NAME, "whale", -1, AT - 7), -1),
    ]
    assert composite.expected_return is None


def test_empty_results_give_no_records() -> None:
    assert aligned_records.signals(Aligned(AT), FEW) == aligned_records.outcomes(Aligned(AT), FEW) == []


def test_outcomes_of_a_market_belong_to_its_signals() -> None:
    signals = {signal.id: signal for each in decided() for signal in aligned_records.signals(each, WORDS)}
    outcomes = [outcome for each in decided() for outcome in aligned_records.outcomes(each, WORDS)]
    assert outcomes
    assert {outcome.signal_id for outcome in outcomes} <= set(signals)
    assert len({outcome.signal_id for outcome in outcomes}) == len(outcomes)
    for outcome in outcomes:
        assert outcome.exit_at > signals[outcome.signal_id].detected_at


def test_signals_are_json_that_reads_back() -> None:
    for each in decided():
        found = aligned_records.signals(each, WORDS)
        assert msgspec.json.decode(msgspec.json.encode(found), type=list[Signal]) == found
