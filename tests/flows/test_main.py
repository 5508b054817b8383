"""The command line reports errors in one line, and imports only what it needs."""

import subprocess
import sys
from importlib.metadata import version
from pkgutil import iter_modules

import pytest

from flows import commands
from flows.__main__ import main

NAMES = sorted(module.name.replace("_", "-") for module in iter_modules(commands.__path__))
HEAVY = {"bytewax", "numba", "numpy", "pandas", "polars", "psycopg", "pyarrow", "redis", "starlette", "uvicorn"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["stats"], "command 'stats' is unknown; did you mean status?"),
        (["xyzzy"], f"command 'xyzzy' is unknown; known: {', '.join(NAMES)}"),
        (["--verion"], f"option '--verion' is unknown; known: {', '.join(NAMES)}"),
        (["logs", "--folow"], "option --folow is unknown; did you mean --follow?"),
        (["up", "--prot=9"], "option --prot is unknown; did you mean --port?"),
        (["up", "--det"], "option --det is unknown; did you mean --detach?"),
        (["down", "now"], "argument 'now' is unexpected; see 'signalengine down --help'"),
        (["up", "--port", "x"], "argument --port: invalid int value: 'x'; see 'signalengine up --help'"),
        (["logs", "-n"], "argument -n/--lines: expected one argument; see 'signalengine logs --help'"),
        (["up", "--venue", "smi"], "option --venue='smi' is unknown; did you mean sim?"),
    ],
)
def test_errors_are_one_line(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr() == ("", f"signalengine: {message}\n")


@pytest.mark.parametrize("arguments", [[], ["help"], ["--help"], ["-h"]])
def test_help_lists_every_command(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    assert listed == NAMES


def test_version_is_that_of_the_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"signalengine {version('signalengine')}\n"


@pytest.mark.parametrize(
    "arguments", [["--help"], *([name, "--help"] for name in NAMES)], ids=lambda arguments: arguments[0]
)
def test_help_is_light(arguments: list[str]) -> None:
    program = (
        "import sys\nfrom flows.__main__ import main\n"
        "try:\n    status = main(sys.argv[1:])\nexcept SystemExit as end:\n    status = end.code\n"
        "print('loaded', *sys.modules)\nsys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False)
    text, _, loaded = done.stdout.partition("\nloaded ")
    assert (done.returncode, done.stderr) == (0, "")
    assert text.startswith("usage: signalengine")
    assert sorted(HEAVY & {name.partition(".")[0] for name in loaded.split()}) == []


def test_closed_pipe_is_no_error() -> None:
    command = [sys.executable, "-m", "flows", "--help"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


def test_bugs_have_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(options: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr("flows.commands.status.run", run)
    with pytest.raises(ZeroDivisionError):
        main(["status"])


def test_interrupt_ends_with_its_status(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(options: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("flows.commands.status.run", run)
    assert main(["status"]) == 130
