"""`correlate`: composites are emitted once, with their fused probability, and without look-ahead."""

import collections
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.aligned import Aligned
from domain.clock import HOUR
from domain.composites import KINDS
from domain.correlation import CorrelateSettings
from domain.errors import SettingError
from domain.evidence import EVIDENCE
from domain.scores import SCORE
from operators.catalogue import Catalogue, catalogue
from operators.correlate import Correlate, Scope
from operators.patterns import Need, Pattern
from tests.aligned import cut, joined
from tests.builders import START
from tests.flows.market import SETTINGS, decided
from tests.operators.correlate_twin import Twin

BAR = SETTINGS.primary.length_ns
SCOPE = Scope(0, BAR, 72 * HOUR, "S0")
MANY = CorrelateSettings(composites_per_hour=1e6, neighbours=20, remembered=150)
FEW = CorrelateSettings(composites_per_hour=2.0)
WHALE, ARBITRAGE = KINDS.index("whale"), KINDS.index("arbitrage")


@cache
def market(scored: bool = True) -> Aligned:
    """Ten days of four instruments, with whales and arbitrage beside their signals."""
    whole = joined(decided(3_000, 300))
    rng = np.random.default_rng(5)
    rows = np.zeros(900, EVIDENCE)
    rows["ts"] = START + BAR * np.sort(rng.integers(1, 3_000, rows.size)) - rng.choice([0, 7], rows.size)
    rows["instrument"] = rng.choice(np.unique(whole.candidates["instrument"]), rows.size)
    rows["source"], rows["kind"] = rng.integers(1, 9, rows.size), rng.choice([WHALE, WHALE, ARBITRAGE], rows.size)
    rows["strength"], rows["probability"] = rng.uniform(0.1, 1.0, rows.size), rng.uniform(0.3, 0.8, rows.size)
    rows["expected_r"] = rng.choice([np.nan, -0.2, 0.5], rows.size)
    rows["direction"] = rng.choice([-1, 1], rows.size)
    crowd = rows[500:512]  # many whales at once on one side
    crowd["ts"], crowd["instrument"], crowd["kind"] = crowd["ts"][0], crowd["instrument"][0], WHALE
    crowd["source"], crowd["direction"] = np.arange(12), 1
    whole.evidence = rows[np.lexsort([rows["source"], rows["kind"], rows["instrument"], rows["ts"]])]
    if scored:
        whole.scores = np.zeros(whole.candidates.size, SCORE)
        whole.scores["probability"] = rng.uniform(0.2, 0.9, whole.scores.size)
        whole.scores["expected_r"] = rng.choice([np.nan, 0.3, 0.9, -0.1], whole.scores.size)
        whole.scores["risk_penalty"] = rng.uniform(0.0, 0.9, whole.scores.size)
    return whole


def told(
    pieces: list[Aligned],
    given: CorrelateSettings = MANY,
    *,
    ideas: Catalogue | None = None,
    scope: Scope = SCOPE,
    resume_at: frozenset[int] = frozenset(),
) -> np.ndarray:
    step = Correlate(given, ideas or catalogue(), scope)
    found = []
    for at, piece in enumerate(pieces):
        if at in resume_at:
            step = Correlate(given, ideas or catalogue(), scope, resume=step.snapshot())
        found += [each.composites for each in step.on_batch([piece])[0]]
    return np.concatenate(found)


@pytest.mark.parametrize("scored", [True, False])
@pytest.mark.parametrize(("given_settings", "quiet_h"), [(MANY, 72.0), (FEW, 72.0), (MANY, 0.6)])
def test_composites_equal_their_twin(scored: bool, given_settings: CorrelateSettings, quiet_h: float) -> None:
    scope = replace(SCOPE, quiet_ns=int(quiet_h * HOUR))
    found = told([market(scored)], given_settings, scope=scope)
    expected = Twin(given_settings, catalogue(), scope).run(market(scored))
    assert len(expected) > 20
    for name in ("ts", "instrument", "pattern", "direction", "components", "regime"):
        assert found[name].tolist() == [each[name] for each in expected], name
    for name in ("composite_confidence", "correlation_score", "expected_return", "risk_score", "statistic"):
        np.testing.assert_allclose(found[name], [each[name] for each in expected], rtol=1e-9, atol=1e-12, err_msg=name)
    largest = np.abs(found["component_weight"]).max(axis=1)
    np.testing.assert_allclose(largest, [each["weight"] for each in expected], rtol=1e-9, atol=1e-12)


def test_the_market_of_these_tests_shows_every_pattern() -> None:
    shown = collections.Counter(catalogue().patterns[at].name for at in told([market()])["pattern"])
    assert sorted(set(shown) ^ {pattern.name for pattern in catalogue().patterns}) == []


@settings(max_examples=25)
@given(data=st.data())
def test_cuts_and_restarts_do_not_matter(data: st.DataObject) -> None:
    whole = market()
    times = np.unique(np.concatenate([whole.events["ts"], whole.evidence["ts"], whole.outcomes["exit_at"]]))
    cuts = data.draw(st.lists(st.integers(0, times.size - 1), max_size=8))
    pieces = cut(whole, [int(times[at]) for at in cuts])
    resumes = data.draw(st.frozensets(st.integers(0, len(pieces) - 1), max_size=3))
    given_settings = data.draw(st.sampled_from([MANY, FEW]))
    found = told(pieces, given_settings, resume_at=resumes)
    assert found.tobytes() == told([whole], given_settings).tobytes()


def test_one_instant_a_batch_with_a_restart_after_each_changes_nothing() -> None:
    whole = cut(market(), [START + 1_000 * BAR])[0]
    instants = np.unique(whole.events["ts"]).tolist()
    pieces = cut(whole, instants)
    scope = replace(SCOPE, quiet_ns=HOUR)
    found = told(pieces, scope=scope, resume_at=frozenset(range(0, len(pieces), 3)))
    assert found.tobytes() == told([whole], scope=scope).tobytes()


@settings(max_examples=15)
@given(st.integers(0, 2_999))
def test_no_pattern_sees_beyond_the_prefix(bar: int) -> None:
    until = START + bar * BAR
    found, whole = told([cut(market(), [until])[0]]), told([market()])
    assert found.tobytes() == whole[whole["ts"] <= until].tobytes()


def test_a_changed_future_changes_no_composite_before_it() -> None:
    until, bent = START + 2_000 * BAR, replace(market())
    for family, time in (("outcomes", "exit_at"), ("evidence", "ts"), ("events", "ts")):
        rows = getattr(bent, family).copy()
        later = rows[time] > until
        rows["return_r" if family == "outcomes" else "strength"][later] *= -0.5 if family == "outcomes" else 0.3
        setattr(bent, family, rows)
    found, whole = told([bent]), told([market()])
    assert found[found["ts"] <= until].tobytes() == whole[whole["ts"] <= until].tobytes()
    assert found.tobytes() != whole.tobytes()


def test_every_number_is_in_its_range() -> None:
    for scored in (True, False):
        rows = told([market(scored)])
        assert ((rows["composite_confidence"] > 0.0) & (rows["composite_confidence"] < 1.0)).all()
        for name in ("correlation_score", "risk_score"):
            assert ((rows[name] >= 0.0) & (rows[name] <= 1.0)).all(), name
        assert np.isfinite(rows["statistic"]).all()
        assert not np.isinf(rows["expected_return"]).any()
        assert not (rows["expected_return"] <= 0.0).any()
        assert (rows["components"] >= 1).all()
        unused = np.arange(8) >= rows["components"][:, None]
        assert not rows["component_ts"][unused].any()


def test_composite_without_history_has_no_expected_return() -> None:
    whole = replace(market(scored=False), outcomes=market().outcomes[:0], evidence=market().evidence[:0])
    rows = told([whole])
    assert rows.size > 0
    assert np.isnan(rows["expected_return"]).all()
    assert ((rows["composite_confidence"] > 0.0) & (rows["composite_confidence"] < 1.0)).all()


def test_a_composite_rests_on_something_new_and_on_nothing_later() -> None:
    rows = told([market()])
    for row in rows:
        times = row["component_ts"][: row["components"]]
        window = catalogue().patterns[row["pattern"]].window * BAR
        assert (times <= row["ts"]).all()
        assert (row["ts"] - times < window).all()


def test_the_bucket_holds() -> None:
    given_settings = CorrelateSettings(composites_per_hour=5.0)  # four instruments: 2 an hour
    times = told([market()], given_settings)["ts"]
    for at in times:
        assert ((times > at - 3 * HOUR) & (times <= at)).sum() <= 2 + 3 * 2
    assert told([market()], CorrelateSettings(composites_per_hour=0.0)).size == 0


def test_cooldown_is_kept_for_each_pattern_and_direction() -> None:
    last: dict[tuple[int, ...], int] = {}
    for row in told([market()]):
        key = (int(row["instrument"]), int(row["pattern"]), int(row["direction"]))
        rest = catalogue().patterns[row["pattern"]].cooldown * BAR
        assert row["ts"] - last.get(key, -rest) >= rest
        last[key] = int(row["ts"])


def test_calibrator_learns_from_composites() -> None:
    needs = (Need(kinds=("signal",)),)
    lone = Pattern(name="lone", doc="For tests.", verb="stands alone", window=3, cooldown=0, needs=needs)
    step = Correlate(MANY, replace(catalogue(), patterns=(lone,)), SCOPE)
    step.on_batch([market()])
    state = step._memory.state[0]
    assert state["effective"] > 30.0
    assert (state["slope"], state["intercept"]) != (1.0, 0.0)


@pytest.mark.parametrize(
    "wrong",
    [{"composites_per_hour": -1.0}, {"same_tape": 1.5}, {"neighbours": 3}, {"neighbours": 99, "remembered": 60},
     {"half_life_h": 0.0}, {"prior_strength": float("nan")}],
)  # fmt: skip
def test_settings_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingError, match=next(iter(wrong))):
        CorrelateSettings(**wrong).checked()
