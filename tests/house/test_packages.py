"""The names of the packages resolve to this checkout, and the wheel contains all their files."""

import tomllib
from fnmatch import fnmatch
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.house.checkout import PACKAGES, ROOT, files, name_of

SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]


@pytest.mark.parametrize("package", PACKAGES)
def test_name_resolves_to_this_checkout(package: str) -> None:
    spec = find_spec(package)
    assert spec
    assert spec.origin
    assert Path(spec.origin) == ROOT / package / "__init__.py"


@pytest.mark.parametrize("package", PACKAGES)
def test_no_other_distribution_has_the_name(package: str) -> None:
    owners = set(packages_distributions().get(package, ["signalengine"]))
    assert owners == {"signalengine"}


def test_every_directory_with_code_is_in_the_wheel() -> None:
    code = [path for path in files() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in PACKAGES]
    directories = {name_of(path.parent).replace("/", ".") for path in code}
    assert directories == set(SETUPTOOLS["packages"])


def test_every_data_file_is_in_the_wheel() -> None:
    missing = []
    for path in files():
        package, *rest = path.relative_to(ROOT).parts
        if package in PACKAGES and path.suffix != ".py":
            patterns = SETUPTOOLS["package-data"].get(package, [])
            missing += [] if any(fnmatch("/".join(rest), pattern) for pattern in patterns) else [name_of(path)]
    assert missing == [], "add them to [tool.setuptools.package-data]"


def test_every_directory_with_code_is_a_package() -> None:
    """pytest adds a test directory without `__init__.py` to sys.path, and `import flows` would find tests/flows."""
    directories = {
        path.parent
        for path in files()
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in (*PACKAGES, "tests")
    }
    assert [name_of(directory) for directory in sorted(directories) if not (directory / "__init__.py").is_file()] == []
