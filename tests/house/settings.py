"""The records of settings, found by looking: every `settings.py` in the rooms, by the section its docstring names."""

import re
from importlib import import_module
from inspect import getdoc, isclass

import msgspec

from tests.house.checkout import ROOMS, files, name_of


def records() -> dict[str, type[msgspec.Struct]]:
    """Section to record; a record says in its docstring which section it is, as in "Section `engine`"."""
    found: dict[str, type[msgspec.Struct]] = {}
    for path in files():
        if path.name == "settings.py" and name_of(path).split("/")[0] in ROOMS:
            module = import_module(name_of(path).removesuffix(".py").replace("/", "."))
            for thing in vars(module).values():
                if isclass(thing) and issubclass(thing, msgspec.Struct) and thing.__module__ == module.__name__:
                    named = re.search(r"[Ss]ection `\[?(\w+)", getdoc(thing) or "")
                    if named:
                        found[named[1]] = thing
    return found
