"""Manifest: what a recovery directory belongs to, written beside it and checked at every start.

Bytewax keys state by step id and silently begins with nothing where an id is new. So the steps, the
versions of their states and the ideas that shape them are written down, and a directory that was
made by others is refused with the way out, instead of going on from half a memory.
"""

from pathlib import Path
from typing import Any

import msgspec

from domain.errors import RecoveryError
from domain.frames import Frame
from flows.cluster import make_recovery
from operators import align, correlate, detect, execute, measure, propose, relate, roll, score, settle, tally
from operators.catalogue import Catalogue

NAME = "manifest.json"
STEPS = (
    "roll.bars",
    "measure.rows",
    "detect.events",
    "propose.candidates",
    "settle.outcomes",
    "align.order",
    "relate.pairs",
    "score.scores",
    "correlate.composites",
    "execute.account",
    "tally.performance",
)
"""Ids of the stateful steps of the recipe, which are storage keys: renaming one loses its state."""


def manifest(frames: tuple[Frame, ...], ideas: Catalogue) -> dict[str, Any]:
    """What the state of this recipe depends on."""
    across = (align, relate, score, correlate, execute, tally)
    versions = (module.VERSION for module in (roll, measure, detect, propose, settle, *across))
    return {
        "steps": dict(zip(STEPS, versions, strict=True)),
        "frames": [frame.name for frame in frames],
        "features": {each.name: [*each.columns, each.lookback, each.state] for each in ideas.features},
        "detectors": [each.name for each in ideas.detectors],
        "strategies": [each.name for each in ideas.strategies],
        "patterns": [[each.name, len(each.needs), *each.features] for each in ideas.patterns],
    }


def open_recovery(directory: Path, partitions: int, current: dict[str, Any]) -> None:
    """Make the recovery directory, or check that it is ours.

    Raises
    ------
    RecoveryError
        If the directory belongs to another recipe; the message says in what.
    """
    path = directory / NAME
    if not path.exists():
        # The manifest is written last: a directory without one was never used.
        for leftover in directory.glob("part-*.sqlite3*"):
            leftover.unlink()
        directory.mkdir(parents=True, exist_ok=True)
        make_recovery(directory, partitions)
        draft = path.with_suffix(".new")
        draft.write_bytes(msgspec.json.format(msgspec.json.encode(current)))
        draft.replace(path)
        return
    kept = msgspec.json.decode(path.read_bytes())
    differing = [name for name in current if kept.get(name) != current[name]]
    if differing:
        name = differing[0]
        raise RecoveryError(
            f"recovery directory {str(directory)!r} was made with other {' and '.join(differing)} "
            f"({name}: {_difference(kept.get(name), current[name])}); go back to the version that made it, "
            f"or remove the directory to begin anew from what the log still holds"
        )


def _difference(kept: Any, current: Any) -> str:
    kept, current = (
        {str(item) for item in (each.items() if isinstance(each, dict) else each or ())} for each in (kept, current)
    )
    parts = [f"without {', '.join(sorted(kept - current))}"] if kept - current else []
    parts += [f"now with {', '.join(sorted(current - kept))}"] if current - kept else []
    return "; ".join(parts) or "in another order"
