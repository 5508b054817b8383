import math
import statistics
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from domain.clock import from_datetime
from domain.signals import Outcome
from store import outcomes
from tests.api.conftest import Api
from tests.api.endpoints.test_analytics import wilson
from tests.store import paper

NOW = paper.BEGIN + timedelta(days=20)
SIGNALS, ENDS = paper.graded(450)


@pytest.fixture
def stats(serve: Callable[..., Api]) -> Api:
    """An API whose clock is twenty days after the first signal."""
    return serve(now_ns=lambda: from_datetime(NOW))


def write(api: Api, ends: Sequence[Outcome]) -> None:
    api.write(SIGNALS)
    with api.connection.transaction():
        outcomes.write(api.connection, ends)


def reference(ends: Sequence[Outcome]) -> dict[str, Any]:
    entered = [end for end in ends if end.return_r is not None]
    pct, r = [end.return_pct or 0.0 for end in entered], [end.return_r or 0.0 for end in entered]
    n, wins = len(entered), sum(each > 0 for each in r)

    def error(values: list[float]) -> float | None:
        return statistics.stdev(values) / math.sqrt(n) if n > 1 else None

    figures = {
        "win_rate": wins / n if n else None,
        "win_rate_interval": wilson(wins, n),
        "avg_return_pct": sum(pct) / n if n else None,
        "avg_return_pct_se": error(pct),
        "best_return_pct": max(pct, default=None),
        "worst_return_pct": min(pct, default=None),
        "avg_return_r": sum(r) / n if n else None,
        "avg_return_r_se": error(r),
        "avg_duration_s": 1_800.0 if n else None,
    }
    return {
        "total_signals": len(ends),
        "entered": n,
        "wins": wins,
        "losses": sum(each < 0 for each in r),
        **{name: sum(end.outcome == name for end in ends) for name in ("tp_hit", "sl_hit", "expired")},
        **{name: None if value is None else pytest.approx(value, rel=1e-9) for name, value in figures.items()},
    }


@pytest.mark.parametrize(
    ("query", "same", "days"),
    [
        ("", {}, 30),
        ("?lookback_days=1", {}, 1),
        ("?symbol=BTCUSDT&timeframe=5m&lookback_days=10", {"symbol": "BTCUSDT", "timeframe": "5m"}, 10),
        ("?timeframe=60m", {"timeframe": "1h"}, 30),
        ("?symbol=NONE", {"symbol": "NONE"}, 30),
    ],
)
def test_stats_equal_the_reference(stats: Api, query: str, same: dict[str, str], days: int) -> None:
    write(stats, ENDS)
    since = (NOW - timedelta(days=days - 1)).date()
    selected = [
        end
        for signal, end in zip(SIGNALS, ENDS, strict=True)
        if signal.status == "emitted"
        and end.exit_at.date() >= since
        and all(getattr(signal, name) == value for name, value in same.items())
    ]
    assert stats.get(f"/performance/stats{query}") == {
        "symbol": same.get("symbol"),
        "timeframe": same.get("timeframe"),
        "lookback_days": days,
        "since": since.isoformat(),
        **reference(selected),
    }


@pytest.mark.parametrize(
    "ends",
    [
        pytest.param([], id="none"),
        pytest.param([paper.outcome(1, 0.5)], id="one"),
        pytest.param([paper.outcome(1, None)], id="never entered"),
        pytest.param([paper.outcome(number, 1.0 + number) for number in (0, 1, 2, 3)], id="all wins"),
        pytest.param([paper.outcome(number, -1.0 - number) for number in (0, 1, 2, 3)], id="all losses"),
    ],
)
def test_few_outcomes(stats: Api, ends: list[Outcome]) -> None:
    write(stats, ends)
    assert {
        name: value for name, value in stats.get("/performance/stats").items() if name in reference(ends)
    } == reference(ends)


def test_lookback_has_bounds(stats: Api) -> None:
    for wrong in ("0", "3651", "1.5", "all"):
        assert stats.get(f"/performance/stats?lookback_days={wrong}", 400)["errors"][0]["name"] == "lookback_days"
