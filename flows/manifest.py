"""Manifest: which dataflow a recovery directory belongs to, stored in it and checked at every start.

Bytewax keys state by step id and silently starts with empty state if an id is new. So the manifest lists the
steps, the versions of their states and the catalogue entries that shape them, and a directory with another
manifest is refused with instructions, instead of resuming from partial state.
"""

from pathlib import Path
from typing import Any

import msgspec

from domain.errors import RecoveryError
from domain.frames import Frame
from flows.cluster import make_recovery
from flows.sources import redis_log
from operators import (
    align,
    align_whales,
    attend,
    back,
    correlate,
    detect,
    execute,
    grade_wallets,
    measure,
    propose,
    relate,
    roll,
    score,
    settle,
    spot_arbitrage,
    spot_whales,
    tally,
)
from operators.catalogue import Catalogue

NAME = "manifest.json"
STEPS = {
    "signals.roll.bars": roll,
    "signals.measure.rows": measure,
    "signals.detect.events": detect,
    "signals.propose.candidates": propose,
    "signals.settle.outcomes": settle,
    "signals.align.order": align,
    "signals.relate.pairs": relate,
    "signals.score.scores": score,
    "signals.correlate.composites": correlate,
    "signals.execute.account": execute,
    "signals.tally.performance": tally,
}
PREDICTION_STEPS = {
    "prediction.roll.bars": roll,
    "prediction.spot_whales.episodes": spot_whales,
    "prediction.spot_arbitrage.baskets": spot_arbitrage,
    "prediction.back.candidates": back,
    "prediction.settle.outcomes": settle,
    "prediction.align.order": align,
    "prediction.score.scores": score,
    "prediction.attend.evidence": attend,
    "prediction.correlate.composites": correlate,
    "prediction.execute.account": execute,
    "prediction.tally.performance": tally,
    "prediction.align_whales.order": align_whales,
    "prediction.grade_wallets.records": grade_wallets,
}
"""Ids of the stateful steps of both dataflows, which are storage keys: renaming one loses its state."""


def manifest(frames: tuple[Frame, ...], ideas: Catalogue, *, prediction: bool = True) -> dict[str, Any]:
    """All that the stored state depends on, including the prediction-market branch if it is enabled."""
    steps = STEPS | PREDICTION_STEPS if prediction else STEPS
    return {
        "inputs": {"log": redis_log.VERSION},
        "steps": {step: module.VERSION for step, module in steps.items()},
        "frames": [frame.name for frame in frames],
        "features": {each.name: [*each.columns, each.lookback, each.state] for each in ideas.features},
        "detectors": [each.name for each in ideas.detectors],
        "strategies": [each.name for each in ideas.strategies],
        "patterns": [[each.name, len(each.needs), *each.features] for each in ideas.patterns],
        "arbitrages": [each.name for each in ideas.arbitrages] if prediction else [],
    }


def open_recovery(directory: Path, partitions: int, current: dict[str, Any]) -> None:
    """Create the recovery directory, or check that it belongs to this dataflow.

    Raises
    ------
    RecoveryError
        If the directory belongs to another dataflow; the message lists the differences.
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
    stored = msgspec.json.decode(path.read_bytes())
    differing = [name for name in current if stored.get(name) != current[name]]
    if differing:
        name = differing[0]
        raise RecoveryError(
            f"recovery directory {str(directory)!r} was created with different {' and '.join(differing)} "
            f"({name}: {_difference(stored.get(name), current[name])}); use the version that created it, "
            f"or remove the directory to start over from what the log still holds"
        )


def _difference(stored: Any, current: Any) -> str:
    before, now = (
        {str(item) for item in (each.items() if isinstance(each, dict) else each or ())} for each in (stored, current)
    )
    parts = [f"without {', '.join(sorted(before - now))}"] if before - now else []
    parts += [f"now with {', '.join(sorted(now - before))}"] if now - before else []
    return "; ".join(parts) or "in another order"
