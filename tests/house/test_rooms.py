"""The rooms are ours: the names that we import lead here, and the wheel will hold all that is in them."""

import tomllib
from fnmatch import fnmatch
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.house.checkout import ROOMS, ROOT, files, name_of

SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]


@pytest.mark.parametrize("room", ROOMS)
def test_name_leads_into_this_checkout(room: str) -> None:
    spec = find_spec(room)
    assert spec
    assert spec.origin
    assert Path(spec.origin) == ROOT / room / "__init__.py"


@pytest.mark.parametrize("room", ROOMS)
def test_nobody_else_claims_the_name(room: str) -> None:
    owners = set(packages_distributions().get(room, ["signalengine"]))
    assert owners == {"signalengine"}


def test_every_folder_with_code_is_in_the_wheel() -> None:
    code = [path for path in files() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in ROOMS]
    folders = {name_of(path.parent).replace("/", ".") for path in code}
    assert folders == set(SETUPTOOLS["packages"])


def test_every_other_file_of_a_room_is_in_the_wheel() -> None:
    lost = []
    for path in files():
        room, *rest = path.relative_to(ROOT).parts
        if room in ROOMS and path.suffix != ".py":
            patterns = SETUPTOOLS["package-data"].get(room, [])
            lost += [] if any(fnmatch("/".join(rest), pattern) for pattern in patterns) else [name_of(path)]
    assert lost == [], "name them under [tool.setuptools.package-data]"


def test_every_folder_with_code_is_a_package() -> None:
    """A tests folder without `__init__.py` puts itself on the path, and `import flows` finds tests/flows."""
    homes = {
        path.parent for path in files() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in (*ROOMS, "tests")
    }
    assert [name_of(home) for home in sorted(homes) if not (home / "__init__.py").is_file()] == []
