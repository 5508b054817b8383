"""Every metric equals a direct computation from the same trades."""

import math
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from domain.executions import Execution
from store import executions
from tests.api.conftest import Api
from tests.store import paper

PATH = "/api/v1/analytics"
Z = 1.959963984540054


def write(api: Api, rows: Sequence[Execution]) -> None:
    with api.connection.transaction():
        executions.write(api.connection, rows)


def wilson(wins: int, n: int) -> dict[str, float] | None:
    if not n:
        return None
    rate, scale = wins / n, 1 + Z * Z / n
    half = Z * math.sqrt(rate * (1 - rate) / n + Z * Z / (4 * n * n)) / scale
    middle = (rate + Z * Z / (2 * n)) / scale
    return {"low": max(0.0, middle - half), "high": min(1.0, middle + half), "confidence": 0.95}


def daily_returns(rows: Sequence[Execution]) -> list[float]:
    days: dict[int, float] = {}
    for row in rows:
        assert row.exit_time
        assert row.pnl is not None
        day = (row.exit_time - datetime(1970, 1, 1, tzinfo=UTC)).days
        days[day] = days.get(day, 0.0) + row.pnl / (row.equity - row.pnl)
    return [days.get(day, 0.0) for day in range(min(days), max(days) + 1)] if days else []


def sharpe(returns: Sequence[float]) -> tuple[float | None, float | None, float | None]:
    """Annualised Sharpe ratio, its standard error, and the probability that the true ratio is above 0."""
    n = len(returns)
    if n < 2 or len(set(returns)) == 1:
        return None, None, None
    mean, sd = statistics.fmean(returns), statistics.stdev(returns)
    ratio = mean / sd
    if n < 4:
        return ratio * math.sqrt(365), None, None
    second, third, fourth = (statistics.fmean((r - mean) ** power for r in returns) for power in (2, 3, 4))
    skew, kurtosis = third / second**1.5, fourth / second**2
    se = math.sqrt((1 - skew * ratio + (kurtosis - 1) / 4 * ratio**2) / (n - 1))
    return ratio * math.sqrt(365), se * math.sqrt(365), statistics.NormalDist().cdf(ratio / se)


def reference(rows: Sequence[Execution]) -> dict[str, Any]:
    """The metrics, computed directly from the trades."""
    n = len(rows)
    pnl = [row.pnl or 0.0 for row in rows]
    r = [row.pnl_r or 0.0 for row in rows]
    wins = sum(each > 0 for each in pnl)
    gross_loss = -sum(each for each in pnl if each < 0)
    total = peak = drawdown = 0.0
    for each in pnl:
        total += each
        peak = max(peak, total)
        drawdown = max(drawdown, peak - total)
    se = statistics.stdev(r) / math.sqrt(n) if n > 1 and len(set(r)) > 1 else None
    predicted = [(row.probability, (row.pnl or 0) > 0) for row in rows if row.probability is not None]
    year, year_se, psr = sharpe(daily_returns(rows))
    mean = sum(r) / n if n else None
    figures = {
        "total_trades": n,
        "wins": wins,
        "losses": sum(each < 0 for each in pnl),
        "win_rate": wins / n if n else None,
        "win_rate_interval": wilson(wins, n),
        "total_pnl": sum(pnl),
        "avg_pnl": sum(pnl) / n if n else None,
        "best_pnl": max(pnl, default=None),
        "worst_pnl": min(pnl, default=None),
        "profit_factor": sum(each for each in pnl if each > 0) / gross_loss if gross_loss else None,
        "max_drawdown": drawdown if n else None,
        "total_r": sum(r),
        "mean_r": mean,
        "mean_r_se": se,
        "mean_r_interval": {"low": mean - Z * se, "high": mean + Z * se, "confidence": 0.95} if se and mean else None,
        "avg_duration_s": 3_570.0 if n else None,
        "sharpe_ratio": year,
        "sharpe_se": year_se,
        "sharpe_days": len(daily_returns(rows)),
        "psr": psr,
        "forecasts": len(predicted),
        "predicted_rate": sum(p for p, _ in predicted) / len(predicted) if predicted else None,
        "realised_rate": sum(won for _, won in predicted) / len(predicted) if predicted else None,
        "brier": sum((p - won) ** 2 for p, won in predicted) / len(predicted) if predicted else None,
    }
    return {
        name: pytest.approx(value, rel=1e-9, abs=1e-9) if value is not None else None for name, value in figures.items()
    }


def buckets(rows: Sequence[Execution]) -> list[dict[str, Any]]:
    by_bucket: dict[int, list[Execution]] = {}
    for row in rows:
        if row.probability is not None:
            by_bucket.setdefault(min(9, int(row.probability * 10)), []).append(row)
    return [
        {"bucket_min": at / 10, "bucket_max": pytest.approx((at + 1) / 10), **reference(selected)}
        for at, selected in sorted(by_bucket.items())
    ]


def by_signal_type(rows: Sequence[Execution]) -> dict[str, Any]:
    names = sorted({row.signal_type for row in rows})
    return {
        name: {"signal_type": name, **reference([row for row in rows if row.signal_type == name])} for name in names
    }


def expected(rows: Sequence[Execution]) -> dict[str, Any]:
    return {
        "overall": {"signal_type": "overall", **reference(rows)},
        "by_signal_type": by_signal_type(rows),
        "by_regime": {
            name: reference([row for row in rows if row.regime == name])
            for name in sorted({row.regime for row in rows})
        },
        "by_confidence": buckets(rows),
        "recent_trades": as_json(rows)[:20],
    }


def as_json(rows: Sequence[Execution]) -> list[Any]:
    newest = sorted(rows, key=lambda row: (row.planned_at, row.id), reverse=True)
    return list(msgspec.json.decode(msgspec.json.encode(newest)))


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([], id="empty"),
        pytest.param([paper.trade(1, 5.0)], id="one"),
        pytest.param([paper.trade(number, 5.0 + number) for number in range(60)], id="all wins"),
        pytest.param([paper.trade(number, -5.0 - number % 7) for number in range(60)], id="all losses"),
        pytest.param([paper.trade(number, 0.0) for number in range(9)], id="all even"),
        pytest.param([paper.trade(number, 1.5) for number in range(60)], id="no variance"),
        pytest.param(
            [paper.trade(n, 3.0 if n % 3 else -1.0, probability=float(n % 5 == 0)) for n in range(40)], id="certain"
        ),
        pytest.param(paper.trades(150), id="usual"),
    ],
)
def test_performance_equals_the_reference(api: Api, rows: list[Execution]) -> None:
    write(api, rows)
    write(api, rows)
    response = api.get(f"{PATH}/performance")
    assert response == expected(rows)
    assert api.get(f"{PATH}/by-signal-type") == {"by_signal_type": response["by_signal_type"]}
    assert api.get(f"{PATH}/by-confidence") == {"by_confidence": response["by_confidence"]}


def test_performance_of_a_symbol_and_a_period(api: Api) -> None:
    rows = paper.trades(300)
    write(api, [*rows, paper.trade(500, None)])
    selected = [row for row in rows if row.symbol == "BTCUSDT"]
    assert api.get(f"{PATH}/performance?symbol=BTCUSDT") == expected(selected)
    days = [
        row for row in selected if row.exit_time and "2026-03-03" <= row.exit_time.date().isoformat() <= "2026-03-07"
    ]
    response = api.get(f"{PATH}/performance?symbol=BTCUSDT&since=2026-03-03&until=2026-03-07")
    assert {**response, "recent_trades": as_json(selected)[:20]} == {
        **expected(days),
        "recent_trades": as_json(selected)[:20],
    }
    assert api.get(f"{PATH}/performance?since=yesterday", 400)["errors"][0]["name"] == "since"
