"""`signalengine check-config`: prints all settings and the source of each."""

import argparse
import os
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from domain.environ import FILE_NAME, FILE_VARIABLE, PREFIX
from domain.errors import SettingError
from flows.services.masking import masked
from flows.services.sections import RECORDS, section

HELP = "check all settings and print the value and the source of each"

_ADDRESSES = ("DATABASE_URL", "REDIS_URL")
_SECRET = ("key", "secret", "password", "token")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No options: settings come from the environment and one file."""


def run(options: argparse.Namespace) -> int:  # noqa: ARG001  signature of every command
    """Print the settings, or all errors with exit status 2; other commands stop at the first error."""
    settings, errors = {}, []
    for name in RECORDS:
        try:
            settings[name] = section(name, os.environ)
        except SettingError as error:
            errors.append(f"signalengine: {error}\n")
    if errors:
        sys.stderr.writelines(dict.fromkeys(errors))  # an error in the file is raised by every section
        return 2
    for variable in _ADDRESSES:
        url = os.environ.get(variable)
        sys.stdout.write(f"{variable} = {masked(url) if url else '(not set: embedded)'}\n")
    origins = _origins(os.environ)
    for name, record in settings.items():
        sys.stdout.write(f"\n[{name}]\n")
        for field in msgspec.structs.fields(record):
            value = getattr(record, field.name)
            shown = "***" if value and field.name.endswith(_SECRET) else msgspec.json.encode(value).decode()
            sys.stdout.write(f"{field.name} = {shown}  # {origins.get((name, field.name), 'default')}\n")
    return 0


def _origins(environ: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """(section, field) to the file or variable that sets it; the environment takes precedence over the file."""
    path = Path(environ.get(FILE_VARIABLE, FILE_NAME))
    tables = tomllib.loads(path.read_text()) if path.is_file() else {}
    origins = {(name, field): str(path) for name, table in tables.items() for field in table}
    for variable in environ:
        for name in RECORDS:
            prefix = f"{PREFIX}{name.upper()}_"
            if variable.startswith(prefix):
                origins[name, variable.removeprefix(prefix).lower()] = variable
    return origins
