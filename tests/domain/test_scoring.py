"""Settings of `score`: inconsistent values are refused by name."""

import msgspec
import pytest

from domain.errors import SettingError
from domain.scoring import ScoreSettings


def test_defaults_are_consistent():
    assert ScoreSettings().checked() == ScoreSettings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("half_life_h", 0.0),
        ("prior_strength", float("nan")),
        ("reference_r", -1.0),
        ("boost_max", -0.1),
        ("liquidity_exponent", 1.5),
        ("min_graded", 0.0),
        ("refit_outcomes", 0),
        ("mute_win_rate", 1.0),
        ("unmute_probability", 0.99),
        ("signals_per_hour", 0.5),
    ],
)
def test_a_setting_out_of_range_is_named(name, value):
    with pytest.raises(SettingError, match=f"{name} "):
        msgspec.structs.replace(ScoreSettings(), **{name: value}).checked()
