"""Settings: frozen records read once, from the environment and an optional TOML file.

A record is a frozen msgspec Struct with a default for each field. The record for section `engine`
reads the table `[engine]` of the file and the variables `SIGNALENGINE_ENGINE_<FIELD>`; the
environment takes precedence. An unknown name is an error that suggests the nearest known name, so that a typing
error cannot silently leave a default in place.
"""

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from domain.errors import SettingError

PREFIX = "SIGNALENGINE_"
FILE_VARIABLE = "SIGNALENGINE_CONFIG"
FILE_NAME = "signalengine.toml"
SECTIONS = (
    *("alerts", "api", "arbitrage", "correlate", "engine", "paper", "prediction", "score", "security", "services"),
    *("sim", "simulated_markets", "whales"),
)

S = TypeVar("S", bound=msgspec.Struct)


def read(record: type[S], section: str, environ: Mapping[str, str]) -> S:
    """Read the record of one section.

    Parameters
    ----------
    record
        A Struct whose fields all have defaults.
    section
        One of `SECTIONS`.
    environ
        Usually `os.environ`; read only at start, only in `flows/` and `api/__main__.py`.

    Raises
    ------
    SettingError
        If a name is unknown or a value does not fit its field.

    Examples
    --------
    >>> class Listener(msgspec.Struct, frozen=True):
    ...     port: int = 8000
    >>> read(Listener, "api", {"SIGNALENGINE_API_PORT": "9000"})
    Listener(port=9000)
    >>> read(Listener, "api", {"SIGNALENGINE_API_PROT": "9000"})
    Traceback (most recent call last):
        ...
    domain.errors.SettingError: setting SIGNALENGINE_API_PROT is unknown; did you mean SIGNALENGINE_API_PORT?
    """
    fields = msgspec.structs.fields(record)
    values: dict[str, Any] = {}
    for name, value in _file(environ).get(section, {}).items():
        if name not in {field.name for field in fields}:
            known = [field.name for field in fields]
            raise SettingError(f"setting {name!r} in [{section}] is unknown; {_nearest(name, known)}")
        values[name] = value
    prefix = f"{PREFIX}{section.upper()}_"
    _check_sections(environ)
    for variable, text in environ.items():
        if variable.startswith(prefix):
            names = {prefix + field.name.upper(): field for field in fields}
            if variable not in names:
                raise SettingError(f"setting {variable} is unknown; {_nearest(variable, list(names))}")
            values[names[variable].name] = _parse(variable, text, names[variable].type)
    try:
        return msgspec.convert(values, record)
    except msgspec.ValidationError as problem:
        raise SettingError(f"settings of [{section}]: {problem}") from None


def _parse(variable: str, text: str, kind: Any) -> Any:
    """Convert the text to the type of the field; a comma separates the members of a tuple."""
    try:
        if getattr(kind, "__origin__", None) is tuple:
            return tuple(part.strip() for part in text.split(",") if part.strip())
        return msgspec.convert(text, kind, strict=False)
    except msgspec.ValidationError as problem:
        raise SettingError(f"setting {variable}={text!r}: {problem}") from None


def _file(environ: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    named = environ.get(FILE_VARIABLE)
    path = Path(named or FILE_NAME)
    if not path.is_file():
        if named:
            raise SettingError(f"{FILE_VARIABLE}={named!r} is not a file; give the path of a TOML file or unset it")
        return {}
    try:
        tables = tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as problem:
        raise SettingError(f"settings file {str(path)!r} is not TOML: {problem}") from None
    for section, table in tables.items():
        if section not in SECTIONS:
            raise SettingError(f"section [{section}] of {str(path)!r} is unknown; {_nearest(section, list(SECTIONS))}")
        if not isinstance(table, dict):
            raise SettingError(f"{section!r} of {str(path)!r} must be a table; write [{section}]")
    return tables


def _check_sections(environ: Mapping[str, str]) -> None:
    known = tuple(f"{PREFIX}{section.upper()}_" for section in SECTIONS)
    for variable in environ:
        if variable.startswith(PREFIX) and variable != FILE_VARIABLE and not variable.startswith(known):
            raise SettingError(f"setting {variable} is unknown; settings begin with {', '.join(known)}")


def _nearest(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
