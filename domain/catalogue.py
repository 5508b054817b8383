"""Catalogues: discovery of entries in a package, one per file.

Adding an entry means adding its file; removing it means deleting the file. Each module exports one object under its
own name.
"""

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")


def load(package: ModuleType, kind: type[T]) -> tuple[T, ...]:
    """Load every entry of `package`, in file-name order.

    Raises
    ------
    TypeError
        If a file does not export a `kind` under its own name; the message names the path.
    """
    found: list[T] = []
    for module in sorted(iter_modules(package.__path__), key=lambda module: module.name):
        home = import_module(f"{package.__name__}.{module.name}")
        idea = getattr(home, module.name, None)
        if not isinstance(idea, kind):
            raise TypeError(f"{home.__file__} must export a {kind.__name__} named {module.name!r}; found {idea!r}")
        found.append(idea)
    return tuple(found)
