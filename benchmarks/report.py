"""Report: the result of a benchmark as a table and as JSON, with medians of several runs."""

import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

RESULTS = Path(__file__).parent / "results"
CORES = len(os.sched_getaffinity(0))
_BEGAN = time.perf_counter()
_BUSY = psutil.cpu_times()


@dataclass(frozen=True)
class Table:
    """The table of a benchmark; a test compares its shape with the README, without measuring.

    Attributes
    ----------
    name
        Name of the benchmark file.
    title
        What is measured, in a few words.
    columns
        Column headings; the first column names the row.
    rows
        The first cell of each row.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[str, ...]


def median_rate(work: Callable[[], float], count: int, runs: int) -> float:
    """Median of count / seconds over several runs; `work` returns the seconds of one run."""
    return statistics.median(count / work() for _ in range(runs))


def publish(table: Table, rows: Sequence[Sequence[Any]], notes: Sequence[str] = ()) -> None:
    """Print the rows, then the notes, and write both as benchmarks/results/<name>.json.

    Parameters
    ----------
    table
        The declared table.
    rows
        One cell per column; None for an empty cell.
    notes
        What is compared and what is not, and the conditions.

    Raises
    ------
    ValueError
        If the rows do not have the declared shape.
    """
    if tuple(row[0] for row in rows) != table.rows or any(len(row) != len(table.columns) for row in rows):
        raise ValueError(f"the rows of {table.name} are not those that its TABLE declares; declare them there")
    texts = [[cell(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(table.columns, *texts, strict=True)]
    notes = [*notes, _other_load()]
    for line in (table.columns, ["-" * width for width in widths], *texts):
        print("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())
    for note in notes:
        print(f"  {note}")
    document = {
        "benchmark": table.name,
        "title": table.title,
        "measured_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "python": platform.python_version(),
        "machine": f"{_processor()}, {CORES} cores",
        "load": os.getloadavg()[0],
        "columns": table.columns,
        "rows": rows,
        "notes": notes,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{table.name}.json").write_text(json.dumps(document, indent=1) + "\n")
    sys.stdout.flush()


def cell(value: Any) -> str:
    """Format a value: measured numbers with three digits, counts in full.

    Examples
    --------
    >>> [cell(value) for value in (28_107_171.0, 62_963.4, 446.4, 0.0123, 0.0, 20_000, "ours", None)]
    ['28.1 M', '63,000', '446', '0.0123', '0', '20,000', 'ours', '']
    """
    if value is None:
        return ""
    if not isinstance(value, float):
        return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    if abs(value) >= 1e6:
        return f"{value / 1e6:.3g} M"
    return f"{float(f'{value:.3g}'):,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _processor() -> str:
    """Model name of the processor, or its architecture if there is none."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _other_load() -> str:
    """How much of the machine other processes used during the run."""
    spent = psutil.cpu_times()
    idle = sum(getattr(spent, kind) - getattr(_BUSY, kind) for kind in ("idle", "iowait"))
    own = sum(os.times()[:4])
    others = max(0.0, psutil.cpu_count() - (idle + own) / (time.perf_counter() - _BEGAN))
    return f"other processes used {others:.1f} of {psutil.cpu_count()} cores"
