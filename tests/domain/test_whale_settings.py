"""Settings of whale detection are validated, and the message names the valid range."""

import pytest

from domain.errors import SettingError
from domain.whale_settings import WhaleSettings


def test_defaults_are_valid():
    assert WhaleSettings().checked() == WhaleSettings()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"quantile": 1.0}, "quantile 1 must lie between 0 and 1"),
        ({"floor": 0.0}, "floor 0 must be a number above 0"),
        ({"headline": 100.0}, "headline 100 must not be under floor 2500"),
        ({"escalation": 1.0}, "escalation 1 must be above 1"),
        ({"consensus_wallets": 1}, "consensus_wallets 1 must be at least 2"),
        ({"gap_s": float("nan")}, "gap_s nan must be a number of at least 0"),
        (
            {"gap_s": 86_400.0},
            "quiet_d 14 must be at least a day, and gap_s 86400 and lateness_s 60 less than half a day",
        ),
    ],
)
def test_invalid_settings_are_refused(given, message):
    with pytest.raises(SettingError, match=f"^{message}$"):
        WhaleSettings(**given).checked()
