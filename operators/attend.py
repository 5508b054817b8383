"""attend: join the evidence of all shards to the aligned rows, so that patterns see both at one instant.

A whale carries the probability that `score` gave to the candidate derived from it; without a candidate it has
none. Aligned rows are held back until no shard can send evidence up to their watermark any more.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from bytewax.dataflow import operator
from bytewax.operators import KeyedStream, StatefulBatchLogic, map, merge, stateful_batch  # noqa: A004
from numpy.typing import NDArray

from domain.aligned import Aligned
from domain.composites import WHALE
from domain.evidence import EVIDENCE, EVIDENCE_ORDER
from domain.instruments import SHARDS
from operators.align import KEY
from operators.back import Backed
from operators.state import freeze, thaw

VERSION = 2
Rows = NDArray[Any]
ShardEvidence = tuple[str, int, Rows, dict[int, str]]
"""(shard, watermark, rows of EVIDENCE up to it, names of their instruments)."""


class Attend(StatefulBatchLogic[Aligned | ShardEvidence, Aligned, bytes]):
    """State machine of the `attend` step: pending evidence and aligned rows; `shards` shards are expected."""

    def __init__(self, resume: bytes | None = None, *, shards: int = SHARDS) -> None:
        self._shards = shards
        self._watermarks: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self._evidence = np.empty(0, EVIDENCE)
        self._waiting: list[Aligned] = []
        if resume is not None:
            values = thaw(VERSION, resume)
            self._watermarks, self._names = values["watermarks"], values["names"]
            self._evidence, self._waiting = values["evidence"], values["waiting"]

    def on_batch(self, values: list[Aligned | ShardEvidence]) -> tuple[list[Aligned], bool]:
        """Accept both kinds of input; emit the aligned rows up to the least watermark of all shards."""
        for each in values:
            if isinstance(each, Aligned):
                self._waiting.append(each)
                continue
            shard, watermark, rows, names = each
            self._watermarks[shard] = max(watermark, self._watermarks.get(shard, watermark))
            self._evidence = np.concatenate([self._evidence, rows])
            self._names |= names
        if len(self._watermarks) < self._shards:
            return [], False
        reached = min(self._watermarks.values())
        passed = [each for each in self._waiting if each.watermark <= reached]
        self._waiting = self._waiting[len(passed) :]
        return [self._attended(each) for each in passed], False

    def on_eof(self) -> tuple[list[Aligned], bool]:
        """Emit nothing: the end of the input may only be a pause."""
        return [], False

    def snapshot(self) -> bytes:
        """Serialise the state."""
        return freeze(
            VERSION,
            {
                "watermarks": dict(self._watermarks),
                "names": dict(self._names),
                "evidence": self._evidence,
                "waiting": list(self._waiting),
            },
        )

    def _attended(self, given: Aligned) -> Aligned:
        passed = self._evidence["ts"] <= given.watermark
        rows, self._evidence = self._evidence[passed], self._evidence[~passed]
        rows = rows[np.lexsort([rows[name] for name in reversed(EVIDENCE_ORDER)])]
        self._add_scores(rows, given)
        shown = {number: self._names[number] for number in np.unique(rows["instrument"]).tolist()}
        held = np.unique(self._evidence["instrument"]).tolist()
        self._names = {number: self._names[number] for number in held}
        return replace(given, evidence=rows, names=given.names | shown)

    def _add_scores(self, rows: Rows, given: Aligned) -> None:
        """Copy the score of each whale's candidate into its row of evidence."""
        columns = (given.candidates[name].tolist() for name in ("ts", "instrument", "direction"))
        places = {key: at for at, key in reversed(list(enumerate(zip(*columns, strict=True))))}
        for row in rows:
            at = places.get((int(row["ts"]), int(row["instrument"]), int(row["direction"])))
            if at is not None and row["kind"] == WHALE:
                score = given.scores[at]
                row["probability"], row["expected_r"] = score["probability"], score["expected_r"]
                row["risk"] = score["risk_penalty"]


@operator
def attend(step_id: str, up: KeyedStream[Aligned], backed: KeyedStream[Backed]) -> KeyedStream[Aligned]:
    """Add the evidence of all shards up to their watermark to the aligned rows."""
    evidence = map("told", backed, _shard_evidence)
    together: KeyedStream[Any] = merge("together", up, evidence)
    return stateful_batch("evidence", together, Attend)


def _shard_evidence(item: tuple[str, Backed]) -> tuple[str, ShardEvidence]:
    shard, given = item
    return KEY, (shard, given.slice.watermark, given.evidence, given.names)
