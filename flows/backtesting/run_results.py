"""Run results: the results of the dataflow, collected in memory for the evaluation of a backtest.

Rows are stored for candidates, their outcomes and the days of the account, not for bars: memory grows with the
number of decisions, not with the length of the recording.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from bytewax.outputs import StatefulSinkPartition
from numpy.typing import NDArray

from domain.aligned import Aligned
from domain.executions import EQUITY, EXECUTION, OPEN
from domain.rows import concatenated
from domain.scores import REGIMES
from domain.slices import OUTCOME, Slice
from flows.sinks.partitions import PartitionPerShardSink, SinglePartitionSink

Rows = NDArray[Any]

DECISION = np.dtype(
    [
        ("ts", "<i8"),
        ("instrument", "<i8"),
        ("strategy", "<i8"),
        ("direction", "<i8"),
        ("status", "<i8"),
        ("reason", "<i8"),  # index into SUPPRESSED_REASONS
        ("regime", "<i8"),  # index into REGIMES
        ("probability", "<f8"),  # calibrated; the strategy's own confidence if there is no score
        ("scored", "?"),
        ("risk", "<f8"),  # distance of the stop from the reference price, in quote units: the unit of R
    ]
)
"""The assessment of a candidate at its decision."""


@dataclass(slots=True)
class RunResults:
    """All results of a run. `first_ns` and `last_ns` are the bounds of its bars; 0 if no bar closed."""

    names: dict[int, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    first_ns: int = 0
    last_ns: int = 0
    _decisions: list[Rows] = field(default_factory=list)
    _outcomes: list[Rows] = field(default_factory=list)
    _executions: list[Rows] = field(default_factory=list)
    _equity: list[Rows] = field(default_factory=list)

    def add(self, given: Aligned) -> None:
        """Add the results of all shards, in order."""
        self.names.update(given.names)
        if given.bars.size:
            self.first_ns = self.first_ns or int(given.bars["open_time"].min())
            self.last_ns = int(given.bars["close_time"][-1])
        if given.candidates.size:
            self._decisions.append(_decisions(given))
        ended = given.executions[given.executions["state"] > OPEN]
        for kept, rows in ((self._outcomes, given.outcomes), (self._executions, ended), (self._equity, given.equity)):
            if rows.size:
                kept.append(rows)

    def count(self, given: Slice) -> None:
        """Count the input and results of one shard."""
        counts = given.counts
        self.counts.update(
            accepted=counts.accepted,
            duplicates=counts.duplicates,
            late=counts.late,
            rejects=counts.rejects,
            gaps=given.gaps.size,
            bars=given.bars.size,
            events=given.events.size,
        )

    @property
    def decisions(self) -> Rows:
        """DECISION, one row per candidate, by (ts, instrument, strategy)."""
        return _whole(self._decisions, DECISION)

    @property
    def outcomes(self) -> Rows:
        """OUTCOME, one row per candidate that ended, by time of its end."""
        return _whole(self._outcomes, OUTCOME)

    @property
    def executions(self) -> Rows:
        """EXECUTION, the last row of each paper trade that was closed or skipped."""
        return _whole(self._executions, EXECUTION)

    @property
    def equity(self) -> Rows:
        """EQUITY, one row per complete UTC day."""
        return _whole(self._equity, EQUITY)


def _whole(parts: list[Rows], dtype: np.dtype[Any]) -> Rows:
    return concatenated(parts) if parts else np.empty(0, dtype)


def _decisions(given: Aligned) -> Rows:
    candidates, scores = given.candidates, given.scores
    out = np.zeros(candidates.size, DECISION)
    for name in ("ts", "instrument", "strategy", "direction", "status", "reason"):
        out[name] = candidates[name]
    out["risk"] = np.abs(candidates["entry_price"] - candidates["stop_loss"])
    out["probability"], out["regime"] = candidates["confidence"], len(REGIMES) - 1
    if scores.size == candidates.size:
        out["regime"] = scores["regime"]
        out["scored"] = (scores["history"] > 0.0) & np.isfinite(scores["probability"])
        out["probability"] = np.where(out["scored"], scores["probability"], out["probability"])
    return out


class RunResultsSink(SinglePartitionSink[Aligned, None]):
    """Collects the aligned results in a `RunResults` of this process."""

    def __init__(self, into: RunResults) -> None:
        self._into = into

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "RunResultsPartition":  # noqa: ARG002
        """Create the partition."""
        return RunResultsPartition(self._into)


class RunResultsPartition(StatefulSinkPartition[Aligned, None]):
    """Adds results to `into`."""

    def __init__(self, into: RunResults) -> None:
        self._into = into

    def write_batch(self, values: list[Aligned]) -> None:
        """Add the values."""
        for each in values:
            self._into.add(each)

    def snapshot(self) -> None:
        """Return no state: a backtest is a whole run, which is never resumed."""


class ShardCountSink(PartitionPerShardSink[Slice, None]):
    """Counts the input of the shards in a `RunResults` of this process."""

    def __init__(self, into: RunResults) -> None:
        self._into = into

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "ShardCountPartition":  # noqa: ARG002
        """Create the partition."""
        return ShardCountPartition(self._into)


class ShardCountPartition(StatefulSinkPartition[Slice, None]):
    """Counts one shard."""

    def __init__(self, into: RunResults) -> None:
        self._into = into

    def write_batch(self, values: list[Slice]) -> None:
        """Count the values."""
        for each in values:
            self._into.count(each)

    def snapshot(self) -> None:
        """Return no state: a backtest is a whole run, which is never resumed."""
