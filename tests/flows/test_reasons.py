from datetime import UTC, datetime

import pytest

from flows.reasons import Evidence, price, signal_reason


def reason(**changes: object) -> str:
    given = {
        "symbol": "BTCUSDT",
        "timeframe": "5m",
        "strategy": "mean_reversion",
        "direction": 1,
        "evidence": [Evidence("breakout", 1, 0.82), Evidence("volume_spike", 0, 0.64)],
        "frame_directions": [1, 1, 1, 0],
        "take_profit": 61_900.5,
        "stop_loss": 61_420.0,
        "expires_at": datetime(2024, 8, 8, 23, 55, tzinfo=UTC),
        "suppressed_reason": None,
    }
    return signal_reason(**{**given, **changes})


def test_a_reason_is_one_sentence() -> None:
    assert reason() == (
        "Long BTCUSDT 5m: breakout up (0.82) and volume spike (0.64), aligned on 3 of 4 frames, "
        "target 61,900.5, stop 61,420.0, expires 2024-08-08 23:55 UTC."
    )


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        ([], "mean reversion"),
        ([Evidence("stretch", -1, 1.0)], "stretch down (1.00)"),
        ([Evidence(name, 0, 0.5) for name in "abc"], "a (0.50), b (0.50) and c (0.50)"),
    ],
)
def test_evidence_is_listed_or_the_strategy_named(evidence: list[Evidence], words: str) -> None:
    assert reason(evidence=evidence).startswith(f"Long BTCUSDT 5m: {words}, aligned on")


def test_a_trade_with_other_fees_mentions_them() -> None:
    assert reason(cost=0.024).endswith("23:55 UTC, costs 2.40 %.")
    assert reason(cost=-0.074).endswith("23:55 UTC, costs 7.40 % with the highest fee, as nobody tells it.")


def test_a_suppressed_short_has_its_reason() -> None:
    words = reason(direction=-1, frame_directions=[-1, 0, 1, 1], suppressed_reason="mtf_not_aligned")
    assert words.startswith("Short BTCUSDT 5m: ")
    assert "aligned on 1 of 4 frames" in words
    assert words.endswith("expires 2024-08-08 23:55 UTC; suppressed: mtf not aligned.")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1_234_567.0, "1,234,567.0"),
        (99_999.95, "99,999.9"),
        (1.0, "1.0"),
        (0.5, "0.5"),
        (0.0, "0.0"),
        (1e-8, "0.00000001"),
        (1e-30, "0.0"),
    ],
)
def test_a_price_has_six_figures_and_a_decimal(value: float, text: str) -> None:
    assert price(value) == text
