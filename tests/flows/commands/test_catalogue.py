"""`catalogue` lists every plug-in with its one-line description."""

import pytest

from domain.catalogue import load
from flows.__main__ import main
from operators import detectors, features, strategies
from operators.detectors import Detector
from operators.features import Feature
from operators.strategies import Strategy


def test_every_plugin_is_listed_with_its_description(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalogue"]) == 0
    shown = capsys.readouterr().out.splitlines()
    for title, plugins in (
        ("features", load(features, Feature)),
        ("detectors", load(detectors, Detector)),
        ("strategies", load(strategies, Strategy)),
    ):
        start = shown.index(f"{title} ({len(plugins)})") + 1
        lines = shown[start : start + 2 * len(plugins) : 2]
        assert [line.split(maxsplit=1) for line in lines] == [[plugin.name, plugin.doc] for plugin in plugins]
