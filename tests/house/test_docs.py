"""Every setting and command is documented."""

import ast
import re
from importlib import import_module
from inspect import getdoc, getsource
from itertools import pairwise
from pkgutil import iter_modules, resolve_name
from types import ModuleType

import msgspec
import pytest

import flows.commands
from domain.environ import SECTIONS
from flows.services.sections import RECORDS
from tests.house.checkout import ROOT

COMMANDS = sorted(module.name for module in iter_modules(flows.commands.__path__))


def undescribed(record: type[msgspec.Struct]) -> list[str]:
    """Fields with neither a docstring below them nor an entry under Attributes."""
    (definition,) = ast.parse(getsource(record)).body
    assert isinstance(definition, ast.ClassDef)
    below = {
        field.target.id
        for field, after in pairwise(definition.body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) and isinstance(after.value.value, str)
    }
    _, _, attributes = (getdoc(record) or "").partition("Attributes\n----------\n")
    listed = {name.strip() for line in re.findall(r"^\w[\w, ]*$", attributes, re.MULTILINE) for name in line.split(",")}
    return [field.name for field in msgspec.structs.fields(record) if field.name not in below | listed]


def test_every_section_has_a_record() -> None:
    assert set(RECORDS) == set(SECTIONS)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_setting_is_described(section: str) -> None:
    assert undescribed(resolve_name(RECORDS[section])) == []


def test_undocumented_settings_are_found() -> None:
    assert undescribed(Door) == ["handle", "lock"]


class Door(msgspec.Struct):
    """An example.

    Attributes
    ----------
    width, height
        In metres; handle and lock are not documented.
    """

    width: float = 1.0
    height: float = 2.0
    colour: str = "green"
    """Colour of the outside."""
    handle: str = "brass"
    lock: bool = True


def command(name: str) -> ModuleType:
    return import_module(f"flows.commands.{name}")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_arguments_and_a_function_to_run(name: str) -> None:
    module = command(name)
    assert re.fullmatch(r"\S[^\n]{9,99}", module.HELP), "one line that describes the command"
    assert callable(module.add_arguments)
    assert callable(module.run)


def test_readme_mentions_every_command() -> None:
    readme = ROOT / "README.md"
    if not readme.is_file():
        pytest.skip("there is no README.md")
    words = set(re.findall(r"[\w-]+", readme.read_text()))
    assert sorted({name.replace("_", "-") for name in COMMANDS} - words) == []


def test_changelog_has_a_section_for_a_version() -> None:
    assert re.search(r"^## (Unreleased|\d+\.\d+\.\d+ \(\d{4}-\d\d-\d\d\))$", (ROOT / "CHANGELOG.md").read_text(), re.M)
