import math
import re
import statistics
from collections.abc import Callable
from datetime import timedelta

import pytest

from domain.clock import from_datetime
from store import executions, outcomes
from tests.api.conftest import Api
from tests.api.endpoints.test_analytics import daily_returns
from tests.store import paper


def gauges(api: Api) -> dict[tuple[str, str], float]:
    series = re.findall(r'^(symbol_\w+)\{symbol="(\w+)"\} (\S+)$', api.http.get("/metrics").text, re.MULTILINE)
    return {(name, symbol): float(value) for name, symbol, value in series}


def test_gauges_equal_an_independent_calculation(serve: Callable[..., Api]) -> None:
    now = paper.BEGIN + timedelta(days=35)
    api = serve(now_ns=lambda: from_datetime(now))
    signals, ends = paper.graded(400)
    trades = paper.trades(400)
    api.write(signals)
    with api.connection.transaction():
        outcomes.write(api.connection, ends)
        executions.write(api.connection, trades)
    since = (now - timedelta(days=29)).date()
    expected: dict[tuple[str, str], float] = {}
    for symbol in paper.SYMBOLS:
        entered = [
            end.return_pct or 0.0
            for signal, end in zip(signals, ends, strict=True)
            if (signal.symbol, signal.status) == (symbol, "emitted")
            and end.return_pct is not None
            and end.exit_at.date() >= since
        ]
        traded = [row for row in trades if row.symbol == symbol and row.exit_time and row.exit_time.date() >= since]
        returns = daily_returns(traded)
        expected["symbol_win_rate", symbol] = sum(each > 0 for each in entered) / len(entered)
        expected["symbol_avg_return", symbol] = statistics.fmean(entered)
        expected["symbol_sharpe_ratio", symbol] = statistics.fmean(returns) / statistics.stdev(returns) * math.sqrt(365)
    assert gauges(api) == {name: pytest.approx(value) for name, value in expected.items()}


def test_without_outcomes_there_are_no_series(api: Api) -> None:
    assert gauges(api) == {}
