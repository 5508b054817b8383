import math
import statistics
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pytest

from domain.executions import EquityDay
from store import executions
from tests.api.conftest import Api

PATH = "/api/v1/analytics/equity"
FIRST = datetime(2026, 1, 1, tzinfo=UTC)


def equity_days(count: int) -> list[EquityDay]:
    """Days of an account; the first has no return."""
    returns = np.random.default_rng(3).normal(0.001, 0.01, count).tolist()
    days, equity, peak = [], 1_000.0, 1_000.0
    for number, value in enumerate(returns):
        equity *= 1 + (value if number else 0.0)
        peak = max(peak, equity)
        days.append(
            EquityDay(
                day=FIRST + timedelta(days=number),
                equity=equity,
                daily_return=value if number else None,
                drawdown=equity / peak - 1,
                open_positions=number % 4,
                gross_exposure=0.5,
            )
        )
    return days


def write(api: Api, days: list[EquityDay]) -> None:
    with api.connection.transaction():
        executions.write_days(api.connection, days)


def test_days_and_their_statistics(api: Api) -> None:
    days = equity_days(100)
    write(api, days)
    write(api, days)
    response = api.get(PATH)
    assert response["days"] == msgspec.json.decode(msgspec.json.encode(days))
    returns = [day.daily_return for day in days if day.daily_return is not None]
    ratio = statistics.fmean(returns) / statistics.stdev(returns)
    figures = response["figures"]
    assert figures["n"] == figures["sharpe"]["n"] == 99
    assert figures["sharpe"]["annualised"] == pytest.approx(ratio * math.sqrt(365))
    assert figures["sharpe"]["se"] > 0
    assert figures["total"] == pytest.approx(days[-1].equity / 1_000 - 1)
    assert figures["drawdown"]["depth"] == pytest.approx(min(day.drawdown for day in days))
    assert 0 < figures["psr"] < 1
    assert (response["trials"], response["dsr"]) == (None, None)


def test_the_deflated_sharpe_ratio_needs_the_trials(api: Api) -> None:
    write(api, equity_days(100))
    psr = api.get(PATH)["figures"]["psr"]
    assert api.get(f"{PATH}?trials=1")["dsr"] == psr
    assert api.get(f"{PATH}?trials=50")["dsr"] is None
    assert 0 < api.get(f"{PATH}?trials=50&trials_variance=0.01")["dsr"] < psr
    assert api.get(f"{PATH}?trials=0", 400)["errors"][0]["name"] == "trials"


def test_a_period(api: Api) -> None:
    days = equity_days(30)
    write(api, days)
    response = api.get(f"{PATH}?since=2026-01-05T00:00:00Z&until=2026-01-09T00:00:00Z")
    assert [day["day"] for day in response["days"]] == [f"2026-01-0{number}T00:00:00Z" for number in (5, 6, 7, 8)]
    assert response["figures"]["n"] == 4


@pytest.mark.parametrize("count", [0, 1])
def test_no_return_is_null(api: Api, count: int) -> None:
    write(api, equity_days(count))
    response = api.get(PATH)
    figures = response["figures"]
    assert (len(response["days"]), figures["n"], figures["sharpe"]["n"]) == (count, 0, 0)
    assert (figures["total"], figures["sharpe"]["annualised"], figures["psr"]) == (None, None, None)
    assert (figures["drawdown"]["depth"], response["dsr"]) == (None, None)
