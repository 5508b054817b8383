"""How a benchmark tells its result: a table for people, JSON for programs, medians of several runs."""

import json
import platform
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def median_rate(work: Callable[[], float], count: int, runs: int) -> float:
    """Median of count / seconds over some runs; `work` gives the seconds of one."""
    return statistics.median(count / work() for _ in range(runs))


def tell(name: str, rows: Sequence[dict[str, Any]], notes: Sequence[str] = ()) -> None:
    """Print the table, then the notes, and write both as benchmarks/results/<name>.json."""
    columns = list(rows[0])
    cells = [[_cell(row[column]) for column in columns] for row in rows]
    widths = [max(len(text) for text in each) for each in zip(columns, *cells, strict=True)]
    for line in (columns, ["-" * width for width in widths], *cells):
        print("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())
    for note in notes:
        print(f"  {note}")
    RESULTS.mkdir(exist_ok=True)
    document = {
        "benchmark": name,
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {_cores()} cores",
        "rows": list(rows),
        "notes": list(notes),
    }
    (RESULTS / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n")
    sys.stdout.flush()


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.1f}" if value < 1000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _cores() -> int:
    import os

    return len(os.sched_getaffinity(0))
