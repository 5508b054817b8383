"""The README is current, and what it shows works."""

import re
import sys

import numpy as np

from domain.catalogue import load
from operators.detectors import Detector
from tests.house.checkout import ROOT
from tests.house.readme import current, renewed


def test_the_tables_are_those_of_the_program() -> None:
    assert current() == renewed(), "run `make docs`"


def test_the_example_idea_works(tmp_path, monkeypatch) -> None:
    (code,) = re.findall(r"```python\n# operators/detectors/(.*?)```", current(), re.DOTALL)
    name, _, body = code.partition("\n")
    package = tmp_path / "detectors_of_the_readme"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / name).write_text(body)
    monkeypatch.syspath_prepend(tmp_path)
    import detectors_of_the_readme

    (idea,) = load(detectors_of_the_readme, Detector)
    columns = {"high": np.array([10.0, 10.0]), "low": np.array([9.0, 4.0]), "atr": np.array([1.0, 1.0])}
    assert idea.question(columns).tolist() == [0.0, 0.75]  # type: ignore[arg-type]
    sys.modules.pop("detectors_of_the_readme")


def test_links_lead_somewhere() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)", current()) if "://" not in link]
    assert [link for link in links if not (ROOT / link).exists()] == []
