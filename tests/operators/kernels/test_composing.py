"""Fusion of evidence, and selection of the composites of one instant."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.aligned import RELATION, Aligned
from domain.clock import HOUR
from domain.composites import EVENT, KINDS, SIGNAL
from domain.correlation import CorrelateSettings
from domain.evidence import EVIDENCE
from domain.slices import CANDIDATE, EMITTED, OUTCOME
from domain.slices import EVENT as EVENT_ROW
from operators.catalogue import Catalogue, catalogue
from operators.patterns import Need, Pattern
from tests.builders import START, records
from tests.operators.test_correlate import BAR, told

WHALE = KINDS.index("whale")
PAIR = Pattern(
    name="pair", doc="For tests.", verb="meet", window=3, cooldown=0, needs=(Need(kinds=("whale",), least=2),)
)


def only(pattern: Pattern) -> Catalogue:
    return replace(catalogue(), patterns=(pattern,))


def whales(*rows: dict[str, Any]) -> Aligned:
    base = {"ts": START, "instrument": 1, "kind": WHALE, "direction": 1, "strength": 0.5, "probability": 0.6}
    made = records(EVIDENCE, *({**base, "expected_r": np.nan, **row} for row in rows))
    return Aligned(START, evidence=made)


def test_two_whales_equal_the_formula() -> None:
    rows = told([whales({"source": 1}, {"source": 2, "probability": 0.7})], ideas=only(PAIR))
    # p = (.6, .7) over a base rate of .5 with rho = .5 are together .697448
    assert rows["composite_confidence"].tolist() == pytest.approx([0.697448], abs=1e-6)
    assert rows["component_weight"][0, :2].tolist() == pytest.approx([0.8473 / 1.5, 0.4055 / 1.5], abs=1e-4)
    assert (rows["correlation_score"][0], rows["direction"][0], rows["statistic"][0]) == (1.0, 1, 2.0)


def test_the_same_source_counts_once() -> None:
    assert told([whales({"source": 1}, {"source": 1})], ideas=only(PAIR)).size == 0


def test_a_whale_of_the_other_side_subtracts() -> None:
    alone = told([whales({"source": 1}, {"source": 2})], ideas=only(PAIR))
    opposed = told([whales({"source": 1}, {"source": 2}, {"source": 3, "direction": -1})], ideas=only(PAIR))
    assert opposed["direction"].tolist() == [1]
    assert opposed["composite_confidence"][0] < alone["composite_confidence"][0]
    assert opposed["correlation_score"][0] == pytest.approx(2 / 3)


def test_the_order_of_evidence_at_one_instant_does_not_matter() -> None:
    rows = [{"source": at, "probability": 0.5 + 0.05 * at, "strength": 0.1 * at} for at in range(1, 5)]
    one, other = (told([whales(*each)], ideas=only(PAIR)) for each in (rows, rows[::-1]))
    for name in ("composite_confidence", "component_weight", "correlation_score", "risk_score"):
        np.testing.assert_allclose(one[name], other[name], rtol=1e-12)


@given(st.lists(st.floats(0.51, 0.99), min_size=2, max_size=6), st.floats(0.0, 1.0))
@settings(max_examples=50)
def test_confidence_grows_with_each_component_and_falls_with_correlation(chances: list[float], tape: float) -> None:
    def confidence(values: list[float], same_tape: float) -> float:
        rows = whales(*({"source": at, "probability": p} for at, p in enumerate(values, 1)))
        given_settings = replace_settings(same_tape=same_tape)
        return float(told([rows], given_settings, ideas=only(PAIR))["composite_confidence"][0])

    assert confidence([*chances[:-1], max(chances)], tape) >= confidence(chances, tape) - 1e-12
    assert confidence(chances, 1.0) <= confidence(chances, tape) + 1e-12


def replace_settings(**changes: Any) -> CorrelateSettings:
    return CorrelateSettings(composites_per_hour=1e6, **changes)


def test_composite_with_negative_expected_return_is_not_emitted() -> None:
    for expected, count in ((-0.1, 0), (0.0, 0), (0.4, 1)):
        rows = told([whales({"source": 1, "expected_r": expected}, {"source": 2})], ideas=only(PAIR))
        assert rows.size == count


def test_market_wide_move_is_emitted_once() -> None:
    whole = whales(*({"source": at % 2, "instrument": at // 2, "probability": 0.6 + at / 100} for at in range(2, 8)))
    whole.names = {1: "test:S0", 2: "test:S1", 3: "test:S2"}
    assert told([whole], ideas=only(PAIR))["instrument"].tolist() == [1, 2, 3]
    later = replace(whole, evidence=whole.evidence.copy())
    later.evidence["ts"] += 5 * BAR
    alike = {"ts": START + BAR, "frame": 0}
    later.relations = records(
        RELATION,
        {**alike, "instrument": 2, "correlation": 0.9},
        {**alike, "instrument": 3, "correlation": 0.85},
    )
    found = told([whole, later], ideas=only(PAIR))
    # Two are known by then to follow S0; of their second move only the more confident is told.
    assert found["instrument"].tolist() == [1, 2, 3, 1, 3]


def test_closed_signal_does_not_count() -> None:
    pattern = replace(PAIR, needs=(Need(kinds=("signal",), least=2),), window=12)
    names = {"instrument": 1, "direction": 1, "status": EMITTED, "confidence": 0.6}
    whole = Aligned(
        START + HOUR,
        candidates=records(
            CANDIDATE, {**names, "ts": START, "strategy": 0}, {**names, "ts": START + 2 * BAR, "strategy": 1}
        ),
    )
    assert told([whole], ideas=only(pattern)).size == 1
    whole.outcomes = records(
        OUTCOME, {"ts": START, "instrument": 1, "strategy": 0, "direction": 1, "exit_at": START + BAR, "return_r": 1.0}
    )
    assert told([whole], ideas=only(pattern)).size == 0


def test_thousands_at_one_instant_and_nothing_at_all() -> None:
    assert told([Aligned(START)]).size == 0
    names = {"ts": START, "direction": 1, "status": EMITTED, "confidence": 0.6}
    rows = [{**names, "instrument": at // 3, "strategy": at % 3} for at in range(3, 6_000)]
    found = told([Aligned(START, candidates=records(CANDIDATE, *rows))], CorrelateSettings(composites_per_hour=4.0))
    assert found.size == int(4.0 * 1_999 / 10)


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_a_certain_probability_stays_finite(probability: float) -> None:
    rows = told([whales({"source": 1, "probability": probability}, {"source": 2})], ideas=only(PAIR))
    assert 0.0 < rows["composite_confidence"][0] < 1.0
    assert np.isfinite(rows["component_weight"]).all()


def test_more_rows_at_one_instant_than_are_remembered() -> None:
    detectors = len(catalogue().detectors)
    rows = [
        {
            "ts": START,
            "instrument": 1,
            "strength": 0.9,
            "detector": at % detectors,
            "frame": at // detectors,
            "direction": 1,
        }
        for at in range(detectors * 6)
    ]
    found = told([Aligned(START, events=records(EVENT_ROW, *rows))])
    assert (found["component_kind"][0, 0], found["components"].max()) == (EVENT, 8)
    assert SIGNAL not in found["component_kind"][:, 0]
