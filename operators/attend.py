"""attend: evidence of all shards beside what was aligned, so that patterns see both at one instant.

A whale speaks by the probability that score gives the candidate it became; without a candidate it says
nothing. Aligned rows wait until no shard can bring evidence for them any more.
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
Told = tuple[str, int, Rows, dict[int, str]]
"""A shard, its watermark, its evidence up to there, and the names of the instruments in it."""


class Attend(StatefulBatchLogic[Aligned | Told, Aligned, bytes]):
    """Evidence that waits for its instant: the state machine that `attend` runs; `shards` are expected."""

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

    def on_batch(self, values: list[Aligned | Told]) -> tuple[list[Aligned], bool]:
        """Take both in; hand on what all shards have passed."""
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
        """A pause."""
        return [], False

    def snapshot(self) -> bytes:
        """All of the state as bytes."""
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
        self._speak(rows, given)
        shown = {number: self._names[number] for number in np.unique(rows["instrument"]).tolist()}
        held = np.unique(self._evidence["instrument"]).tolist()
        self._names = {number: self._names[number] for number in held}
        return replace(given, evidence=rows, names=given.names | shown)

    def _speak(self, rows: Rows, given: Aligned) -> None:
        """Let each whale say what score says of its candidate."""
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
    """Aligned rows with the evidence of all shards up to their watermark."""
    told = map("told", backed, _told)
    together: KeyedStream[Any] = merge("together", up, told)
    return stateful_batch("evidence", together, Attend)


def _told(item: tuple[str, Backed]) -> tuple[str, Told]:
    shard, given = item
    return KEY, (shard, given.slice.watermark, given.evidence, given.names)
