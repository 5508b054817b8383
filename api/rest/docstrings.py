"""Docstrings: the parts of numpy docstrings that the API's documents show."""

from inspect import cleandoc
from typing import Final

_HEADING: Final = "Attributes\n----------\n"


def split_attributes(docstring: str) -> tuple[str, dict[tuple[str, ...], str]]:
    r"""Split a docstring into its text and its descriptions of attributes, each of one or of several names.

    Examples
    --------
    >>> split_attributes("A plan.\n\nAttributes\n----------\nsize\n    In\n    sets.\nfee, gas\n    In dollars.")
    ('A plan.', {('size',): 'In sets.', ('fee', 'gas'): 'In dollars.'})
    """
    text, _, section = cleandoc(docstring).partition(_HEADING)
    attributes: dict[tuple[str, ...], list[str]] = {}
    for line in filter(None, section.splitlines()):
        if not line.startswith(" "):
            attributes[tuple(line.split(", "))] = []
        elif attributes:
            attributes[next(reversed(attributes))].append(line.strip())
    return text.strip(), {names: " ".join(lines) for names, lines in attributes.items()}
