import re

import msgspec
import pytest

from domain.environ import read
from domain.errors import SetupError
from flows.sources.sim_settings import SimSettings


def test_settings_come_from_the_environment() -> None:
    environ = {
        "SIGNALENGINE_SIM_SYMBOLS": "AAA, BBB",
        "SIGNALENGINE_SIM_SPEED": "10",
        "SIGNALENGINE_SIM_START": "2024-01-01T00:00:00Z",
    }
    settings = read(SimSettings, "sim", environ).checked()
    assert settings == SimSettings(symbols=("AAA", "BBB"), speed=10.0, start="2024-01-01T00:00:00Z")
    assert (settings.start_ns, settings.end_ns) == (1_704_067_200_000_000_000, None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"symbols": ()}, "symbols (none) must be one or more, without duplicates"),
        ({"symbols": ("A", "A")}, "symbols A, A must be one or more, without duplicates"),
        ({"symbols": ("A B",)}, "instrument 'sim:A B' is not venue:symbol"),
        ({"trades_per_second": 0.0}, "trades_per_second 0.0 must lie between 0.01 and 1000"),
        ({"edge": -1.0}, "edge -1.0 must lie between 0 and 4"),
        ({"speed": 0.5}, "speed 0.5 must lie between 1 and 1e+06"),
        ({"history_s": -1.0}, "history_s -1.0 must lie between 0 and 1e+08"),
        ({"start": "soon"}, "start 'soon' is not a time; write it like 2024-01-01T00:00:00Z"),
        ({"end": "2019-01-01"}, "end '2019-01-01' must be later than 2020-01-01, when the simulated market begins"),
        ({"start": "2024-01-02", "end": "2024-01-01"}, "end '2024-01-01' must be after start '2024-01-02'"),
    ],
)
def test_settings_out_of_range_are_named(change: dict[str, object], message: str) -> None:
    with pytest.raises(SetupError, match=re.escape(message)):
        msgspec.structs.replace(SimSettings(), **change).checked()
