from typing import Any

import msgspec
import pytest

from domain.statistics.reliability import reliability
from store import outcomes
from tests.api.conftest import Api
from tests.store import paper

PATH = "/api/v1/analytics/calibration"


def write(api: Api, count: int) -> list[tuple[Any, Any]]:
    signals, ends = paper.graded(count)
    api.write(signals)
    with api.connection.transaction():
        outcomes.write(api.connection, ends)
    pairs = zip(signals, ends, strict=True)
    return [(s, e) for s, e in pairs if s.probability is not None and e.return_r is not None]


@pytest.mark.parametrize(
    ("query", "same"),
    [
        ("", {}),
        ("?status=emitted", {"status": "emitted"}),
        ("?status=suppressed&signal_type=reversal", {"status": "suppressed", "signal_type": "reversal"}),
    ],
)
def test_calibration_equals_that_of_the_individual_outcomes(api: Api, query: str, same: dict[str, str]) -> None:
    pairs = [
        (s.probability, e.return_r > 0)
        for s, e in write(api, 600)
        if all(getattr(s, name) == value for name, value in same.items())
    ]
    response = api.get(PATH + query)
    # The probabilities are whole hundredths, so counting them by hundredth is exact.
    exact = reliability([p for p, _ in pairs], [won for _, won in pairs])
    assert response["n"] == len(pairs) == sum(each["n"] for each in response["bins"])
    assert response["brier"] == pytest.approx(exact.scores.brier)
    assert response["skill"] == pytest.approx(exact.scores.skill)
    assert (response["slope"], response["intercept"]) == pytest.approx((exact.slope, exact.intercept), abs=2e-3)
    for each in response["bins"]:
        inside = [(p, won) for p, won in pairs if each["low"] <= p < each["high"] or p == 1.0 == each["high"]]
        assert (each["n"], each["wins"]) == (len(inside), sum(won for _, won in inside))
        assert each["predicted"] == pytest.approx(sum(p for p, _ in inside) / len(inside))
    gaps = [each["n"] * abs(each["realised"] - each["predicted"]) for each in response["bins"]]
    assert response["ece"] == pytest.approx(sum(gaps) / len(pairs))


def test_calibration_of_a_period(api: Api) -> None:
    pairs = write(api, 600)
    inside = [e for _, e in pairs if "2026-03-05" <= e.exit_at.date().isoformat() <= "2026-03-09"]
    assert api.get(f"{PATH}?since=2026-03-05&until=2026-03-09")["n"] == len(inside) > 0


def test_nothing_graded_is_null(api: Api) -> None:
    empty = {"n": 0, "bins": []} | dict.fromkeys(("brier", "skill", "ece", "ece_interval", "slope", "intercept"))
    assert api.get(PATH) == empty
    assert api.get(f"{PATH}?signal_type=none") == empty


def test_certainty_is_counted_and_stays_finite(api: Api) -> None:
    signals, ends = paper.graded(60)
    api.write([msgspec.structs.replace(each, probability=float(at % 2)) for at, each in enumerate(signals)])
    with api.connection.transaction():
        outcomes.write(api.connection, ends)
    response = api.get(PATH)
    assert {each["predicted"] for each in response["bins"]} <= {0.0, 1.0}
    assert sum(each["n"] for each in response["bins"]) == response["n"] > 0


def test_one_outcome_has_no_regression_line(api: Api) -> None:
    write(api, 1)
    response = api.get(PATH)
    assert (response["n"], len(response["bins"]), response["slope"], response["skill"]) == (1, 1, None, None)
