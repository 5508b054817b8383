"""Docstrings: the parts of numpy docstrings that the API's documents show."""

from inspect import cleandoc
from typing import Final

_HEADING: Final = "Attributes\n----------\n"


def split_attributes(docstring: str) -> tuple[str, dict[str, str]]:
    r"""Split a docstring into its text and the description of each attribute.

    A description that covers several attributes begins with their names.

    Examples
    --------
    >>> split_attributes("A plan.\n\nAttributes\n----------\nsize\n    In\n    sets.\nfee, gas\n    In dollars.")
    ('A plan.', {'size': 'In sets.', 'fee': '`fee`, `gas`: In dollars.', 'gas': '`fee`, `gas`: In dollars.'})
    """
    text, _, section = cleandoc(docstring).partition(_HEADING)
    lines_by_names: dict[str, list[str]] = {}
    for line in filter(None, section.splitlines()):
        if not line.startswith(" "):
            lines_by_names[line] = []
        elif lines_by_names:
            lines_by_names[next(reversed(lines_by_names))].append(line.strip())
    attributes: dict[str, str] = {}
    for heading, lines in lines_by_names.items():
        names = heading.split(", ")
        prefix = f"{', '.join(f'`{name}`' for name in names)}: " if len(names) > 1 else ""
        attributes |= dict.fromkeys(names, prefix + " ".join(lines))
    return text.strip(), attributes
