import re

import msgspec
import pytest

from domain.environ import read
from domain.errors import SetupError
from flows.sources.sim_prediction_settings import SimPredictionSettings


def test_settings_come_from_the_environment() -> None:
    environ = {"SIGNALENGINE_SIMULATED_MARKETS_EVENTS": "7", "SIGNALENGINE_SIMULATED_MARKETS_ROUND_H": "1.5"}
    settings = read(SimPredictionSettings, "simulated_markets", environ).checked()
    assert settings == SimPredictionSettings(events=7, round_h=1.5)
    assert settings.round_ns == 5_400_000_000_000


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"events": -1}, "events -1 must lie between 0 and 1000"),
        (
            {"singles": 0, "events": 0, "open_events": 0, "ladders": 0},
            "singles, events, open_events and ladders are all 0; set one of them to 1 or more",
        ),
        ({"round_h": 0.5}, "round_h 0.5 must lie between 1 and 240"),
        ({"round_h": 1.1}, "round_h 1.1 must be whole ten minutes, such as 1.5"),
        ({"edge": 1.5}, "edge 1.5 must lie between 0 and 1"),
        ({"trades_per_minute": float("nan")}, "trades_per_minute nan must lie between 0.01 and 1000"),
    ],
)
def test_settings_out_of_range_are_named(change: dict[str, object], message: str) -> None:
    with pytest.raises(SetupError, match=re.escape(message)):
        msgspec.structs.replace(SimPredictionSettings(), **change).checked()
