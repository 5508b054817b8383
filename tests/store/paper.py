"""Paper trades and signals with outcomes, such as the engine could have written."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np

from domain.executions import Execution
from domain.signals import FrameView, Outcome, Signal

BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)
SYMBOLS, STRATEGIES, REGIMES = ("BTCUSDT", "ETHUSDT", "SOLUSDT"), ("breakout", "reversal"), ("quiet_up", "unknown")


def trade(number: int, pnl: float | None, **changes: Any) -> Execution:
    """A trade planned in hour `number` and closed an hour later; open if `pnl` is None."""
    at = BEGIN + timedelta(hours=number)
    closed = pnl is not None
    plain = Execution(
        id=f"{number + 2**64:032x}",
        signal_id=f"{number:032x}",
        venue="sim",
        symbol=SYMBOLS[number % 3],
        market_slug=SYMBOLS[number % 3].lower(),
        signal_type=STRATEGIES[number // 3 % 2],
        timeframe="5m",
        direction="long" if number % 5 < 3 else "short",
        planned_at=at,
        updated_at=at + timedelta(hours=1) if closed else at,
        entry_price=100.5,
        entry_time=at + timedelta(seconds=30),
        exit_price=101.25 if closed else None,
        exit_time=at + timedelta(hours=1) if closed else None,
        shares=2.5,
        notional=251.25,
        risk=10.0,
        fees=0.5 if closed else 0.0,
        pnl=pnl,
        pnl_pct=None if pnl is None else pnl / 251.25 * 100,
        pnl_r=None if pnl is None else pnl / 10.0,
        outcome="open" if pnl is None else "win" if pnl > 0 else "loss" if pnl < 0 else "even",
        skipped_reason=None,
        regime=REGIMES[number % 2],
        probability=None if number % 4 == 3 else (number * 7 % 91 + 5) / 100,
        equity=1_000.0 + (pnl or 0.0),
        simulated=True,
    )
    return msgspec.structs.replace(plain, **changes)


def trades(count: int, seed: int = 1) -> list[Execution]:
    """Closed trades, in the order in which they closed."""
    results = np.round(np.random.default_rng(seed).normal(0.5, 10.0, count), 2).tolist()
    return [trade(number, result) for number, result in enumerate(results)]


def signal(number: int, **changes: Any) -> Signal:
    """The signal of the trade with the same number."""
    opened = trade(number, None)
    plain = Signal(
        id=opened.signal_id,
        venue="sim",
        symbol=opened.symbol,
        market_slug=opened.market_slug,
        signal_type=opened.signal_type,
        timeframe=("5m", "1h")[number // 2 % 2],
        direction=opened.direction,
        detected_at=opened.planned_at,
        entry_price=100.5,
        take_profit=102.0,
        stop_loss=99.0,
        expires_at=opened.planned_at + timedelta(hours=4),
        status="suppressed" if number % 5 == 4 else "emitted",
        suppressed_reason="below_threshold" if number % 5 == 4 else None,
        raw_confidence=0.5,
        mtf_aligned=True,
        mtf_score=0.75,
        mtf_details={"5m": FrameView(1, 0.5)},
        events=["breakout"],
        features={"rsi_14": 61.25},
        reason="The close broke the range.",
        simulated=True,
        regime=opened.regime,
        probability=opened.probability,
    )
    return msgspec.structs.replace(plain, **changes)


def outcome(number: int, r: float | None) -> Outcome:
    """The outcome of the signal with the same number; never entered if `r` is None."""
    exit_at = BEGIN + timedelta(hours=number + 1)
    entered = r is not None
    return Outcome(
        signal_id=f"{number:032x}",
        outcome="tp_hit" if entered and r > 1 else "sl_hit" if entered and r < -0.9 else "expired",  # type: ignore[operator]
        entry_at=exit_at - timedelta(minutes=30) if entered else None,
        exit_at=exit_at,
        entry_price=100.5 if entered else None,
        exit_price=101.0 if entered else None,
        return_pct=None if r is None else r * 1.5,
        return_r=r,
        best_r=None,
        worst_r=None,
        duration_s=1_800.0 if entered else None,
    )


def graded(count: int, seed: int = 2) -> tuple[list[Signal], list[Outcome]]:
    """Signals and their outcomes."""
    results = np.round(np.random.default_rng(seed).normal(0.1, 1.0, count), 3).tolist()
    outcomes = [outcome(number, None if number % 11 == 10 else result) for number, result in enumerate(results)]
    return [signal(number) for number in range(count)], outcomes
