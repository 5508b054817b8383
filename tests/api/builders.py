"""Builders of signals and alerts for tests of the API."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from domain.performance import Alert
from domain.signals import FrameView, Signal

BEGIN = datetime(2026, 11, 20, 12, tzinfo=UTC)


def signal(number: int, **changes: Any) -> Signal:
    """A signal in a minute of its own, which differs from its neighbours in every field that can be filtered."""
    default = Signal(
        id=f"{number:032x}",
        venue=("binance", "sim")[number % 2],
        symbol=("BTCUSDT", "ETHUSDT", "SOLUSDT")[number % 3],
        market_slug=("btcusdt", "ethusdt", "solusdt")[number % 3],
        signal_type=("breakout", "reversal")[number // 2 % 2],
        timeframe=("5m", "1h")[number // 3 % 2],
        direction="long" if number % 5 < 3 else "short",
        detected_at=BEGIN + timedelta(minutes=number),
        entry_price=100.5,
        take_profit=102.0,
        stop_loss=99.0,
        expires_at=BEGIN + timedelta(minutes=number + 240),
        status="emitted" if number % 4 else "suppressed",
        suppressed_reason=None if number % 4 else "mtf_not_aligned",
        raw_confidence=number % 11 / 10,
        mtf_aligned=number % 7 < 4,
        mtf_score=0.75,
        mtf_details={"5m": FrameView(1, 0.5), "1h": FrameView(-1, 0.25)},
        events=["breakout"],
        features={"rsi_14": 61.25, "warming": None},
        reason="The close broke the range.",
        simulated=bool(number % 2),
    )
    return msgspec.structs.replace(default, **changes)


def emitted(number: int, **changes: Any) -> Signal:
    """The same signal, always emitted."""
    return signal(number, **{"status": "emitted", "suppressed_reason": None} | changes)


def alert_of(signal: Signal) -> bytes:
    """The payload on the feed of an alert about the strategy of a signal."""
    alert = Alert(
        id=signal.id,
        kind="drawdown",
        level="warning",
        message="The account is 5 % below its best.",
        at=signal.detected_at,
        signal_type=signal.signal_type,
        value=0.05,
        trades=31,
    )
    return msgspec.json.encode(alert)
