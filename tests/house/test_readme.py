"""The README is up to date, and its example works."""

import re
import sys

import numpy as np

from domain.catalogue import load
from operators.detectors import Detector
from tests.house.checkout import ROOT
from tests.house.readme import current, updated


def test_generated_tables_are_current() -> None:
    assert current() == updated(), "run `make docs`"


def test_example_detector_works(tmp_path, monkeypatch) -> None:
    (code,) = re.findall(r"```python\n# operators/detectors/(.*?)```", current(), re.DOTALL)
    name, _, body = code.partition("\n")
    package = tmp_path / "detectors_of_the_readme"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / name).write_text(body)
    monkeypatch.syspath_prepend(tmp_path)
    import detectors_of_the_readme

    (detector,) = load(detectors_of_the_readme, Detector)
    columns = {"high": np.array([10.0, 10.0]), "low": np.array([9.0, 4.0]), "atr": np.array([1.0, 1.0])}
    assert detector.question(columns).tolist() == [0.0, 0.75]  # type: ignore[arg-type]
    sys.modules.pop("detectors_of_the_readme")


def test_relative_links_exist() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)", current()) if "://" not in link]
    assert [link for link in links if not (ROOT / link).exists()] == []
