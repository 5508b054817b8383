"""Settings: sources, conversion and errors."""

import msgspec
import pytest

from domain.environ import read
from domain.errors import SettingError


class Engine(msgspec.Struct, frozen=True):
    timeframes: tuple[str, ...] = ("1m", "5m")
    mtf_min_aligned: int = 2
    lateness_s: float = 1.0
    mtf_alignment_required: bool = True


def test_nothing_set_gives_the_defaults():
    assert read(Engine, "engine", {"PATH": "/bin", "HOME": "/"}) == Engine()


def test_environment_takes_precedence_over_the_file(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text('[engine]\nmtf_min_aligned = 3\nlateness_s = 2\ntimeframes = ["1m"]\n')
    environ = {"SIGNALENGINE_CONFIG": str(path), "SIGNALENGINE_ENGINE_LATENESS_S": "0.5"}
    assert read(Engine, "engine", environ) == Engine(("1m",), 3, 0.5)


@pytest.mark.parametrize(
    ("variable", "text", "value"),
    [
        ("TIMEFRAMES", "1m, 1h", {"timeframes": ("1m", "1h")}),
        ("MTF_MIN_ALIGNED", "3", {"mtf_min_aligned": 3}),
        ("MTF_ALIGNMENT_REQUIRED", "false", {"mtf_alignment_required": False}),
    ],
)
def test_text_is_converted_to_the_type_of_the_field(variable, text, value):
    assert read(Engine, "engine", {f"SIGNALENGINE_ENGINE_{variable}": text}) == Engine(**value)


@pytest.mark.parametrize(
    ("environ", "file", "said"),
    [
        ({"SIGNALENGINE_ENGINE_LATENES_S": "1"}, "", "did you mean SIGNALENGINE_ENGINE_LATENESS_S"),
        ({"SIGNALENGINE_ENGIN_PORT": "1"}, "", "SIGNALENGINE_ENGIN_PORT is unknown"),
        ({"SIGNALENGINE_ENGINE_MTF_MIN_ALIGNED": "two"}, "", "SIGNALENGINE_ENGINE_MTF_MIN_ALIGNED='two'"),
        ({}, "[engine]\nlatenes_s = 1\n", "did you mean lateness_s"),
        ({}, "[engin]\nlateness_s = 1\n", "did you mean engine"),
        ({}, "engine = 1\n", "must be a table"),
        ({}, "[engine\n", "is not TOML"),
        ({}, "[engine]\nlateness_s = 'soon'\n", "lateness_s"),
    ],
)
def test_unknown_names_are_refused_with_a_suggestion(tmp_path, environ, file, said):
    if file:
        (tmp_path / "settings.toml").write_text(file)
        environ = {**environ, "SIGNALENGINE_CONFIG": str(tmp_path / "settings.toml")}
    with pytest.raises(SettingError, match=said.replace("[", r"\[")):
        read(Engine, "engine", environ)


def test_a_named_file_must_exist(tmp_path):
    with pytest.raises(SettingError, match="is not a file"):
        read(Engine, "engine", {"SIGNALENGINE_CONFIG": str(tmp_path / "none.toml")})
