"""`catalogue` names every idea there is, with the first line of its documentation."""

import pytest

from domain.catalogue import load
from flows.__main__ import main
from operators import detectors, features, strategies
from operators.detectors import Detector
from operators.features import Feature
from operators.strategies import Strategy


def test_every_idea_is_listed_with_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalogue"]) == 0
    shown = capsys.readouterr().out.splitlines()
    for title, ideas in (
        ("features", load(features, Feature)),
        ("detectors", load(detectors, Detector)),
        ("strategies", load(strategies, Strategy)),
    ):
        begin = shown.index(f"{title} ({len(ideas)})") + 1
        lines = shown[begin : begin + 2 * len(ideas) : 2]
        assert [line.split(maxsplit=1) for line in lines] == [[idea.name, idea.doc] for idea in ideas]
