"""Run all benchmarks, or the named ones, and write the figures to the README: `python -m benchmarks [NAME…]`.

Each runs in a process of its own, so that the memory and the threads of one do not affect another.
"""

import subprocess
import sys

from benchmarks import readme


def main(wanted: list[str]) -> int:
    """Run them one after another; the exit status is 0, or that of the last that failed."""
    known = list(readme.tables())
    if unknown := set(wanted) - set(known):
        sys.stderr.write(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(known)}\n")
        return 2
    status = 0
    for name in wanted or known:
        print(f"== {name}", flush=True)
        status = subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode or status
    readme.README.write_text(readme.renewed(readme.README.read_text()))
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
