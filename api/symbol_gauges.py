"""Symbol gauges: how signals of each symbol did lately, for Prometheus."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from api.endpoints.performance_metrics import daily_sharpe
from domain.clock import to_datetime
from store import graded, trade_days
from store.postgres import Pool

DAYS, SYMBOLS = 30, 100
"""Of the last so many UTC days, the symbols with the most signals; each is a series a gauge."""
FRESH_S: Final = 15.0

_GAUGES: Final = {
    "symbol_win_rate": (
        f"Share of the emitted signals of the last {DAYS} days that won, net of costs, of the {SYMBOLS} symbols "
        "with the most. If it falls: see /performance/stats for its n and interval before believing it."
    ),
    "symbol_avg_return": (
        "Mean net return of the same signals, percent. If it is below 0 for long over hundreds of signals: the "
        f"strategies do not earn their costs there. Last {DAYS} days."
    ),
    "symbol_sharpe_ratio": (
        f"Sharpe ratio of the daily returns of the symbol's paper trades in the last {DAYS} days, a year. Its "
        "error is about 3 with so few days: read it beside /api/v1/analytics/performance?symbol=."
    ),
}


class SymbolGauges(Collector):
    """Gauges that are read anew at most every `FRESH_S`, and then change all at once.

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
        self._stale_s = 0.0
        self._read = _empty()
        registry.register(self)

    def collect(self) -> Sequence[GaugeMetricFamily]:
        """What was read last."""
        return self._read

    async def refresh(self) -> None:
        """Read them anew if they are stale.

        Raises
        ------
        ServiceError
            If Postgres cannot be reached in time; the gauges stay as they are.
        """
        async with self._lock:
            if self._stale_s and self._steady_s() < self._stale_s:
                return
            since = (to_datetime(self._now_ns()) - timedelta(days=DAYS - 1)).date()
            ended = await graded.symbols(self._pool, since=since, limit=SYMBOLS)
            traded = await trade_days.read_symbols(self._pool, since=since, limit=SYMBOLS)
            win_rate, avg_return, sharpe_ratio = read = _empty()
            for each in ended:
                win_rate.add_metric([each.symbol], each.wins / each.entered)
                avg_return.add_metric([each.symbol], each.total_pct / each.entered)
            for part in traded:
                ratio = daily_sharpe(part.days, part.returns).annualised
                if ratio is not None:
                    sharpe_ratio.add_metric([part.symbol], ratio)
            self._read = read
            self._stale_s = self._steady_s() + FRESH_S


def _empty() -> list[GaugeMetricFamily]:
    return [GaugeMetricFamily(name, text, labels=["symbol"]) for name, text in _GAUGES.items()]
