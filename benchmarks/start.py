"""Start-up time of the command line, and what has to be compiled the first time.

`--help` must respond at once, so it loads neither numba nor bytewax; nor does any command's own `--help`. For
comparison: a Python process that does nothing. The kernels are compiled once into a cache, which later starts use; both
starts are `python -m operators.warm`.

    python -m benchmarks.start [--runs N]
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pkgutil import iter_modules

import flows.commands
from benchmarks.report import Table, publish

HEAVY = ("numba", "bytewax", "pyarrow")
ASK = "import sys, flows.__main__ as m; m.main({words}); print([name for name in {heavy} if name in sys.modules])"
TABLE = Table(
    "start",
    "Start-up time",
    ("case", "seconds", "target"),
    (
        "python, empty program",
        "signalengine --help",
        "kernels, first compilation",
        "kernels, from the cache",
    ),
)


def seconds(words: list[str], environ: dict[str, str] | None = None) -> float:
    """Seconds that a Python process takes."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *words], env=environ, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def loaded(words: list[str]) -> str:
    """Which of the heavy modules a command loads, as it says itself."""
    code = ASK.format(words=words, heavy=HEAVY)
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stdout
    return said.splitlines()[-1] if said else ""


def main() -> None:
    """Measure and publish the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    names = [module.name.replace("_", "-") for module in iter_modules(flows.commands.__path__)]
    if loaded(["--help"]) != "[]":
        raise SystemExit(f"signalengine --help loads {loaded(['--help'])}")
    runs = {"nothing": ["-c", "pass"], "help": ["-m", "flows", "--help"]}
    took = {what: statistics.median(seconds(words) for _ in range(options.runs)) for what, words in runs.items()}
    with tempfile.TemporaryDirectory() as cache:
        environ = {**os.environ, "NUMBA_CACHE_DIR": cache}
        warm = [seconds(["-m", "operators.warm"], environ) for _ in range(4)]
    publish(
        TABLE,
        [
            (TABLE.rows[0], took["nothing"], None),
            (TABLE.rows[1], took["help"], 0.3),
            (TABLE.rows[2], warm[0], None),
            (TABLE.rows[3], statistics.median(warm[1:]), None),
        ],
        [f"--help lists {len(names)} commands and loads neither {', '.join(HEAVY[:-1])} nor {HEAVY[-1]}"],
    )


if __name__ == "__main__":
    main()
