"""What every pattern in the catalogue keeps, whatever it asks for, and what a broken one is told."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from domain import catalogue as catalogues
from domain.aligned import Aligned
from domain.clock import HOUR
from domain.composites import KINDS
from domain.correlation import CorrelateSettings
from domain.evidence import EVIDENCE
from domain.slices import CANDIDATE, EMITTED, OUTCOME
from operators.catalogue import catalogue
from operators.correlate import Correlate, Scope
from operators.kernels.matching import majority_posterior
from operators.patterns import Need, Pattern
from tests.builders import START, records

IDEAS = catalogue()
BAR = 300_000_000_000
SCOPE = Scope(0, BAR, 72 * HOUR)
NOW = START + 500 * BAR
IDEAS_OF = {"signal": [s.name for s in IDEAS.strategies], "event": [d.name for d in IDEAS.detectors]}
each_pattern = pytest.mark.parametrize("pattern", IDEAS.patterns, ids=lambda pattern: pattern.name)


def answers(pattern: Pattern, *, without: int | None = None) -> list[dict[str, Any]]:
    """The least evidence that answers all needs but one, newest now, all on the long side."""
    rows: list[dict[str, Any]] = []
    for number, need in enumerate(pattern.needs):
        kind = need.kinds[-1]
        known = IDEAS_OF.get(kind, [str(at) for at in range(9)])
        free = [name for name in need.names or known if ("signal" if kind == "signal" else kind, name) not in
                {(row["of"], row["name"]) for row in rows}]  # fmt: skip
        for name in free[: need.least] if number != without else []:
            idea = known.index(name)
            rows.append({"of": kind, "name": name, "idea": idea if kind in IDEAS_OF else 0, "source": idea + 1})
    return rows


def told(pattern: Pattern, rows: list[dict[str, Any]], **changes: Any) -> np.ndarray:
    base = {"instrument": 1, "direction": 1, "strength": 0.9, "probability": 0.6, "expected_r": np.nan, "ts": NOW}
    made = [{**base, "kind": KINDS.index(row["of"]), "idea": row["idea"], "source": row["source"]} for row in rows]
    before = [{**made[0], "ts": NOW - 48 * HOUR}] if made and pattern.chance < 1.0 else []  # its pace is known
    evidence = records(EVIDENCE, *before, *({**row, **changes} for row in made))
    given = replace(past() if pattern.features else Aligned(NOW), watermark=NOW, evidence=evidence)
    if pattern.features and rows:  # a repeat is asked for by a candidate of this very instant
        last = given.candidates.size
        given.candidates = given.candidates.copy()
        given.candidates["status"][last - 1] = EMITTED
        given.evidence = evidence[:0]
    step = Correlate(CorrelateSettings(), replace(IDEAS, patterns=(pattern,)), SCOPE)
    return step.on_batch([given])[0][0].composites


def past() -> Aligned:
    """Four hundred candidates, an hour apart, that end half an hour later; those that look like the last one won."""
    rng = np.random.default_rng(3)
    alike = rng.random(401) < 0.3
    times = NOW - np.arange(400, -1, -1) * HOUR
    rows = [{"ts": ts, "instrument": 1, "direction": 1, "strategy": 0, "status": 1, "confidence": 0.6} for ts in times]
    candidates = records(CANDIDATE, *rows)
    alike[-1] = True
    ends = [
        {name: row[name] for name in ("ts", "instrument", "direction", "strategy")}
        | {"exit_at": row["ts"] + HOUR // 2, "return_r": 1.0 if same else -1.0}
        for row, same in zip(rows[:-1], alike, strict=False)
    ]  # fmt: skip
    decided = np.where(alike, 0.0, 3.0) + 0.1 * rng.standard_normal((len(IDEAS.columns), 401))
    return Aligned(NOW, candidates=candidates, outcomes=records(OUTCOME, *ends), decided=decided)


@each_pattern
def test_it_is_told_when_its_needs_are_answered(pattern: Pattern) -> None:
    rows = told(pattern, answers(pattern))
    assert rows.size == 1
    row = rows[0]
    assert (row["ts"], row["instrument"], row["direction"]) == (NOW, 1, 1)
    assert row["components"] == min(8, sum(need.least for need in pattern.needs))
    assert row["statistic"] >= pattern.threshold


@each_pattern
def test_it_is_silent_while_a_need_is_not_answered(pattern: Pattern) -> None:
    for number in range(len(pattern.needs)):
        assert told(pattern, answers(pattern, without=number)).size == 0


@each_pattern
def test_it_points_where_its_evidence_does(pattern: Pattern) -> None:
    if not pattern.features:
        assert told(pattern, answers(pattern), direction=-1)["direction"].tolist() == [-1]


@each_pattern
def test_evidence_that_is_too_old_answers_nothing(pattern: Pattern) -> None:
    if pattern.features:
        return
    rows = answers(pattern)
    step = Correlate(CorrelateSettings(), replace(IDEAS, patterns=(pattern,)), SCOPE)
    base = {"instrument": 1, "direction": 1, "strength": 0.9, "probability": 0.6, "expected_r": np.nan}
    made = [{**base, "kind": KINDS.index(row["of"]), "idea": row["idea"], "source": row["source"]} for row in rows]
    early = records(EVIDENCE, *({**row, "ts": NOW - pattern.window * BAR} for row in made[:-1]))
    late = records(EVIDENCE, {**made[-1], "ts": NOW})
    found = step.on_batch([Aligned(NOW, evidence=np.concatenate([early, late]))])[0][0].composites
    assert found.size == 0


@each_pattern
def test_it_is_told_in_words(pattern: Pattern) -> None:
    module = f"operators/patterns/{pattern.name}.py"
    first, _, rest = pattern.doc.partition("\n")
    assert first.endswith("."), module
    assert len(rest) > 200, f"{module} must say what it measures, what keeps chance out, and its source"
    assert pattern.verb, module


def test_a_repeat_of_what_lost_is_not_told() -> None:
    pattern = next(pattern for pattern in IDEAS.patterns if pattern.features)
    given = past()
    given.candidates["status"][-1] = EMITTED
    for sign, count in ((1.0, 1), (-1.0, 0)):
        given.outcomes["return_r"] *= sign
        step = Correlate(CorrelateSettings(), replace(IDEAS, patterns=(pattern,)), SCOPE)
        assert step.on_batch([given])[0][0].composites.size == count


def test_windows_that_end_within_the_hour_are_no_neighbours() -> None:
    pattern = next(pattern for pattern in IDEAS.patterns if pattern.features)
    given = past()
    given.candidates["status"][-1] = EMITTED
    given.outcomes["exit_at"] = NOW - HOUR + 1
    step = Correlate(CorrelateSettings(), replace(IDEAS, patterns=(pattern,)), SCOPE)
    assert step.on_batch([given])[0][0].composites.size == 0


GOOD = {"name": "odd", "doc": "Odd.", "verb": "meet", "needs": (Need(kinds=("event",)),), "window": 3, "cooldown": 3}


@pytest.mark.parametrize(
    "wrong",
    [
        {"statistic": "guess"}, {"needs": ()}, {"window": 0}, {"features": ("rsi",)}, {"statistic": "repeat"},
        {"needs": (Need(kinds=("rumour",)),)}, {"needs": (Need(kinds=("event",), least=0),)},
    ],
)  # fmt: skip
def test_a_pattern_that_cannot_be_meant_names_its_file(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"operators/patterns/odd\.py"):
        Pattern(**{**GOOD, **wrong})


@pytest.mark.parametrize(
    "wrong",
    [
        {"needs": (Need(kinds=("event",), names=("earthquake",)),)},
        {"statistic": "repeat", "features": ("rsi", "temperature")},
    ],
)
def test_a_pattern_that_asks_for_what_there_is_not_names_its_file(wrong: dict[str, Any]) -> None:
    odd = Pattern(**{**GOOD, **wrong})
    with pytest.raises(ValueError, match=r"operators/patterns/odd\.py requires (earthquake|temperature)"):
        Correlate(CorrelateSettings(), replace(IDEAS, patterns=(odd,)), SCOPE)


def test_a_file_without_a_pattern_names_its_path(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "oddities"
    home.mkdir()
    (home / "__init__.py").write_text('"""For a test."""\n')
    (home / "nothing.py").write_text('"""It exports nothing."""\n')
    monkeypatch.syspath_prepend(tmp_path)
    package: Callable[[], Any] = lambda: __import__("oddities")  # noqa: E731
    with pytest.raises(TypeError, match=r"nothing\.py must export a Pattern named 'nothing'"):
        catalogues.load(package(), Pattern)


@pytest.mark.parametrize(
    ("mine", "others", "posterior"), [(0, 0, 0.5), (4, 0, 31 / 32), (10, 0, 2047 / 2048), (1, 1, 0.5)]
)
def test_the_posterior_of_sides(mine: int, others: int, posterior: float) -> None:
    assert majority_posterior(mine, others) == pytest.approx(posterior)
