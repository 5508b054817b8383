"""Symbol gauges: recent performance of the signals of each symbol, for Prometheus."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from api.endpoints.performance_metrics import daily_sharpe
from domain.clock import to_datetime
from store import outcome_days, trade_days
from store.postgres import Pool

DAYS, SYMBOLS = 30, 100
"""The period in UTC days, and the largest number of symbols, those with the most signals: one series per gauge each."""
FRESH_S: Final = 15.0

_GAUGES: Final = {
    "symbol_win_rate": (
        f"Share of the emitted signals of the last {DAYS} days that won, net of costs, for the {SYMBOLS} symbols "
        "with the most. If it falls: check its n and interval at /performance/stats before acting on it."
    ),
    "symbol_avg_return": (
        "Mean net return of the same signals, percent. If it is below 0 for long over hundreds of signals: the "
        f"strategies do not earn their costs there. Last {DAYS} days."
    ),
    "symbol_sharpe_ratio": (
        f"Sharpe ratio of the daily returns of the symbol's paper trades in the last {DAYS} days, annualised. Its "
        "standard error is about 3 over so few days: compare /api/v1/analytics/performance?symbol=."
    ),
}


class SymbolGauges(Collector):
    """Gauges that are read from Postgres at most every `FRESH_S`, and then all change together.

    Parameters
    ----------
    now_ns, steady_s
        Clocks, as in `api.resources.Resources`.
    """

    def __init__(
        self, registry: CollectorRegistry, pool: Pool, now_ns: Callable[[], int], steady_s: Callable[[], float]
    ) -> None:
        self._pool, self._now_ns, self._steady_s = pool, now_ns, steady_s
        self._lock = asyncio.Lock()
        self._fresh_until_s = 0.0
        self._gauges = _empty()
        registry.register(self)

    def collect(self) -> Sequence[GaugeMetricFamily]:
        """The gauges as read last."""
        return self._gauges

    async def refresh(self) -> None:
        """Read the gauges if they are stale.

        Raises
        ------
        ServiceError
            If Postgres cannot be reached in time; the gauges stay as they are.
        """
        async with self._lock:
            if self._fresh_until_s and self._steady_s() < self._fresh_until_s:
                return
            since = (to_datetime(self._now_ns()) - timedelta(days=DAYS - 1)).date()
            outcomes = await outcome_days.symbols(self._pool, since=since, limit=SYMBOLS)
            daily_returns = await trade_days.read_symbols(self._pool, since=since, limit=SYMBOLS)
            win_rate, avg_return, sharpe_ratio = gauges = _empty()
            for outcome in outcomes:
                win_rate.add_metric([outcome.symbol], outcome.wins / outcome.entered)
                avg_return.add_metric([outcome.symbol], outcome.total_pct / outcome.entered)
            for series in daily_returns:
                ratio = daily_sharpe(series.days, series.returns).annualised
                if ratio is not None:
                    sharpe_ratio.add_metric([series.symbol], ratio)
            self._gauges = gauges
            self._fresh_until_s = self._steady_s() + FRESH_S


def _empty() -> list[GaugeMetricFamily]:
    return [GaugeMetricFamily(name, text, labels=["symbol"]) for name, text in _GAUGES.items()]
