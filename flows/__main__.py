"""The command line, `signalengine COMMAND`; also `python -m flows COMMAND`."""

import argparse
import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import version
from pkgutil import iter_modules
from typing import Any, NoReturn

from domain.errors import SettingError, SetupError, SignalEngineError
from flows import commands

PROGRAM = "signalengine"


class Parser(argparse.ArgumentParser):
    """An argument parser that raises one-line errors and suggests the nearest known option."""

    def error(self, message: str) -> NoReturn:
        """Raise an argparse error as a `SettingError`."""
        raise SettingError(f"{message}; see '{self.prog} --help'")

    def parse_all(self, arguments: Sequence[str]) -> argparse.Namespace:
        """Parse all arguments; an unknown one is an error that suggests the nearest option."""
        options, unknown = self.parse_known_args(arguments)
        if unknown:
            name = unknown[0].partition("=")[0]
            if not name.startswith("-"):
                raise SettingError(f"argument {name!r} is unexpected; see '{self.prog} --help'")
            raise SettingError(f"option {name} is unknown; {_nearest(name, list(self._option_string_actions))}")
        return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit status.

    0: success. 1: a service is unavailable, or too much input was rejected. 2: invalid arguments, settings or
    input. 130: interrupted.
    """
    try:
        return _run(list(sys.argv[1:] if arguments is None else arguments))
    except SetupError as problem:
        return _print_error(problem, 2)
    except SignalEngineError as problem:
        return _print_error(problem, 1)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `signalengine logs | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _run(arguments: list[str]) -> int:
    names = sorted(module.name.replace("_", "-") for module in iter_modules(commands.__path__))
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        sys.stdout.write(_help(names))
        return 0
    if arguments[0] in ("-V", "--version"):
        sys.stdout.write(f"{PROGRAM} {version(PROGRAM)}\n")
        return 0
    name, *rest = arguments
    if name not in names:
        kind = "option" if name.startswith("-") else "command"
        raise SettingError(f"{kind} {name!r} is unknown; {_nearest(name, names)}")
    command = _command(name)
    parser = Parser(prog=f"{PROGRAM} {name}", description=command.HELP, allow_abbrev=False)
    command.add_arguments(parser)
    status: int = command.run(parser.parse_all(rest))
    return status


def _help(names: list[str]) -> str:
    width = max(map(len, names))
    lines = (f"  {name:{width}}  {_command(name).HELP}" for name in names)
    return (
        f"usage: {PROGRAM} COMMAND [OPTIONS]\n\n"
        "Turn market data into scored, explained and graded trading signals.\n\n"
        "commands:\n" + "\n".join(lines) + f"\n\nOptions of a command: {PROGRAM} COMMAND --help\n"
    )


def _command(name: str) -> Any:
    """The module of a command: `HELP`, `add_arguments(parser)` and `run(options)`."""
    return import_module(f"flows.commands.{name.replace('-', '_')}")


def _nearest(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"


def _print_error(problem: Exception, status: int) -> int:
    sys.stdout.flush()
    sys.stderr.write(f"{PROGRAM}: {problem}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
