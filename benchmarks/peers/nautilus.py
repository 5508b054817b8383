"""NautilusTrader: its backtest engine with a strategy of ours that updates indicators and notes signals.

Its core is Rust and Cython, its strategies are Python, as its users write them. The strategy places no
orders, and the simulated exchange does not look at the bars (`bar_execution=False`).
"""

import time
from decimal import Decimal
from typing import Any

import numpy as np
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, RiskEngineConfig
from nautilus_trader.indicators import (
    AverageTrueRange,
    BollingerBands,
    CommodityChannelIndex,
    DirectionalMovement,
    ExponentialMovingAverage,
    MovingAverageConvergenceDivergence,
    RelativeStrengthIndex,
    SimpleMovingAverage,
    WeightedMovingAverage,
)
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import AccountType, OmsType
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import Equity
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy
from numpy.typing import NDArray

DIGITS = 5
WEIGHTS = np.arange(1.0, 21.0) / 210.0


class Crosses(Strategy):
    """Updates the indicators of one instrument and notes where the fast average crosses the slow one."""

    def __init__(self, bar_type: BarType, warm: int) -> None:
        super().__init__()
        self._bar_type, self._warm = bar_type, warm
        self._bars, self._above = 0, 0
        self.signals: list[tuple[int, int, float, float]] = []

    def on_start(self) -> None:
        """Register the indicators, which the engine then updates with each bar."""
        self._fast, self._slow = ExponentialMovingAverage(9), ExponentialMovingAverage(21)
        self._strength, self._range = RelativeStrengthIndex(14), AverageTrueRange(14)
        for each in (
            SimpleMovingAverage(20),
            self._fast,
            self._slow,
            WeightedMovingAverage(20, WEIGHTS),
            self._strength,
            MovingAverageConvergenceDivergence(12, 26),
            BollingerBands(20, 2.0),
            self._range,
            DirectionalMovement(14),
            CommodityChannelIndex(20),
        ):
            self.register_indicator_for_bars(self._bar_type, each)
        self.subscribe_bars(self._bar_type)

    def on_bar(self, bar: Bar) -> None:
        """Look for a cross."""
        self._bars += 1
        above = 1 if self._fast.value > self._slow.value else -1
        if above != self._above and self._bars > self._warm:
            self.signals.append((bar.ts_event, above, self._strength.value, self._range.value))
        self._above = above


def run(series: list[NDArray[Any]], warm: int) -> tuple[float, int]:
    """Seconds that its engine takes for all bars, and signals after `warm` bars of each instrument."""
    engine = BacktestEngine(
        BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True), risk_engine=RiskEngineConfig(bypass=True))
    )
    venue = Venue("BENCH")
    engine.add_venue(
        venue, OmsType.NETTING, AccountType.CASH, [Money(1_000_000, USD)], base_currency=USD, bar_execution=False
    )
    strategies = []
    for number, bars in enumerate(series):
        instrument = _instrument(InstrumentId(Symbol(f"S{number}"), venue))
        bar_type = BarType.from_str(f"{instrument.id}-1-MINUTE-LAST-EXTERNAL")
        prices = [np.ascontiguousarray(bars[name]) for name in ("open", "high", "low", "close", "volume")]
        at = bars["close_time"].astype(np.uint64)
        engine.add_instrument(instrument)
        engine.add_data(Bar.from_raw_arrays_to_list(bar_type, DIGITS, 0, *prices, at, at))
        strategies.append(Crosses(bar_type, warm))
    engine.add_strategies(strategies)
    began = time.perf_counter()
    engine.run()
    seconds = time.perf_counter() - began
    signals = sum(len(strategy.signals) for strategy in strategies)
    engine.dispose()
    return seconds, signals


def _instrument(name: InstrumentId) -> Equity:
    return Equity(
        instrument_id=name,
        raw_symbol=name.symbol,
        currency=USD,
        price_precision=2,
        price_increment=Price.from_str("0.01"),
        lot_size=Quantity.from_int(1),
        ts_event=0,
        ts_init=0,
        margin_init=Decimal(0),
        margin_maint=Decimal(0),
    )
