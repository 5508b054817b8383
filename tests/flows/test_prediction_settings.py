import re

import pytest

from domain.errors import SettingError
from flows.prediction_settings import PredictionSettings


def test_bars_wait_for_late_trades() -> None:
    assert PredictionSettings().checked().engine.lateness_s == 10.0
    assert PredictionSettings(lateness_s=3.0).engine.lateness_s == 3.0


@pytest.mark.parametrize("lateness_s", [-1.0, 61.0, float("nan")])
def test_a_lateness_beyond_a_minute_is_refused(lateness_s: float) -> None:
    message = f"lateness_s {lateness_s:g} must be at least 0 and at most 60"
    with pytest.raises(SettingError, match=re.escape(message)):
        PredictionSettings(lateness_s=lateness_s).checked()
