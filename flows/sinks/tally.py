"""TallySink: what a run took in and concluded, as counts and as one digest.

The digest is the proof that two runs concluded the same. Each shard hashes its bars, features, gaps,
events, candidates and outcomes, each in the order it made them, without what depends on how the work
was cut (slots, row numbers). The digests of the shards, in shard order, and that of what was aligned
across them, are hashed once more. What is hashed of a row is its fingerprint.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

import msgspec
import numpy as np
from bytewax.outputs import StatefulSinkPartition
from numpy.typing import NDArray

from domain.aligned import ORDER, Aligned
from domain.instruments import SHARDS
from domain.slices import EMITTED, OUTCOMES, Slice
from domain.vocabulary import Vocabulary
from flows.sinks.parts import OnePart, PartPerShard
from operators.kernels.fingerprint import fingerprint

ALIGNED = "aligned"
UNHASHED = frozenset({"slot", "row", "spare"})
"""Where a row lies, and filling."""
FAMILIES = ("bars", "features", "gaps", "events", "candidates", "outcomes")
ALIGNED_FAMILIES = (
    *(*ORDER, "decided", "relations", "scores", "composites"),
    *("executions", "equity", "performance", "alerts"),
)
WORD = 8
"""Bytes. In a row, doubles stand at whole words."""


class Tally(msgspec.Struct):
    """What one shard, or a whole run, took in and concluded."""

    accepted: int = 0
    duplicates: int = 0
    late: int = 0
    late_quote_volume: float = 0.0
    rejects: int = 0
    gaps: int = 0
    bars: dict[str, int] = {}
    events: int = 0
    candidates: int = 0
    signals: int = 0
    outcomes: dict[str, int] = {}
    digest: str = ""

    def merge(self, other: "Tally") -> None:
        """Add the counts of another shard; digests are chained in the order of the calls."""
        for name in ("accepted", "duplicates", "late", "late_quote_volume", "rejects", "gaps"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("events", "candidates", "signals"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for mine, theirs in ((self.bars, other.bars), (self.outcomes, other.outcomes)):
            mine.update({name: count + mine.get(name, 0) for name, count in theirs.items()})
        self.digest = hashlib.sha256((self.digest + other.digest).encode()).hexdigest()


def begin_tally(directory: Path, vocabulary: Vocabulary) -> None:
    """Write an empty tally for every shard: Bytewax builds no partition for one to which nothing comes."""
    for shard in range(SHARDS):
        TallyPartition(directory / f"{shard:03d}.json", vocabulary).close()
    AlignedTallyPartition(directory / f"{ALIGNED}.json").close()


def read_tally(directory: Path) -> Tally:
    """The tally of a run whose shards wrote theirs into `directory`."""
    whole = Tally()
    for name in (*(f"{shard:03d}" for shard in range(SHARDS)), ALIGNED):
        whole.merge(msgspec.json.decode((directory / f"{name}.json").read_bytes(), type=Tally))
    return whole


class TallySink(PartPerShard[Slice, None]):
    """Counts and hashes Slices, one partition a shard; at the end each writes its tally as JSON."""

    def __init__(self, directory: Path, vocabulary: Vocabulary) -> None:
        self._directory, self._vocabulary = directory, vocabulary

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "TallyPartition":  # noqa: ARG002
        """A partition that begins at nothing: tallies are made by whole runs."""
        return TallyPartition(self._directory / f"{for_part}.json", self._vocabulary)


class TallyPartition(StatefulSinkPartition[Slice, None]):
    """The tally of one shard."""

    def __init__(self, path: Path, vocabulary: Vocabulary) -> None:
        self._path, self._frames = path, vocabulary.frames
        self._tally = Tally(bars=dict.fromkeys(self._frames, 0), outcomes={**dict.fromkeys(OUTCOMES, 0), "open": 0})
        self._hashes = {family: hashlib.sha256() for family in FAMILIES}

    def write_batch(self, values: list[Slice]) -> None:
        """Take Slices in, in the order of the shard."""
        for each in values:
            self._count(each)
            for family in FAMILIES:
                self._hashes[family].update(fingerprints(getattr(each, family)).data)

    def snapshot(self) -> None:
        """Nothing: a tally is of a whole run."""

    def close(self) -> None:
        """Write the tally down."""
        digests = "".join(self._hashes[family].hexdigest() for family in FAMILIES)
        self._tally.digest = hashlib.sha256(digests.encode()).hexdigest()
        self._path.write_bytes(msgspec.json.encode(self._tally))

    def _count(self, given: Slice) -> None:
        tally, counts = self._tally, given.counts
        tally.accepted += counts.accepted
        tally.duplicates += counts.duplicates
        tally.late += counts.late
        tally.late_quote_volume += counts.late_quote_volume
        tally.rejects += counts.rejects
        tally.gaps += given.gaps.size
        tally.events += given.events.size
        tally.candidates += given.candidates.size
        for frame, count in enumerate(np.bincount(given.bars["frame"], minlength=len(self._frames))):
            tally.bars[self._frames[frame]] += int(count)
        for outcome, count in Counter(given.outcomes["outcome"].tolist()).items():
            tally.outcomes[OUTCOMES[outcome]] += count
        tally.outcomes["open"] = given.open_candidates


class AlignedTallySink(OnePart[Aligned, None]):
    """Hashes what all shards concluded together, in the order in which it was released."""

    part = ALIGNED

    def __init__(self, directory: Path) -> None:
        self._path = directory / f"{ALIGNED}.json"

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "AlignedTallyPartition":  # noqa: ARG002
        """A partition that begins at nothing."""
        return AlignedTallyPartition(self._path)


class AlignedTallyPartition(StatefulSinkPartition[Aligned, None]):
    """The digest of the aligned stream."""

    def __init__(self, path: Path) -> None:
        self._path, self._signals = path, 0
        self._hashes = {family: hashlib.sha256() for family in ALIGNED_FAMILIES}

    def write_batch(self, values: list[Aligned]) -> None:
        """Take rows in, in their order."""
        for each in values:
            self._signals += int((each.candidates["status"] == EMITTED).sum())
            for family in ALIGNED_FAMILIES:
                self._hashes[family].update(fingerprints(getattr(each, family)).data)

    def snapshot(self) -> None:
        """Nothing: a tally is of a whole run."""

    def close(self) -> None:
        """Write the digest down."""
        digests = "".join(self._hashes[family].hexdigest() for family in ALIGNED_FAMILIES)
        digest = hashlib.sha256(digests.encode()).hexdigest()
        self._path.write_bytes(msgspec.json.encode(Tally(signals=self._signals, digest=digest)))


def fingerprints(rows: NDArray[Any]) -> NDArray[np.uint64]:
    """A number for each row, or each column of features: without slots and row numbers, with one NaN.

    SHA-256 takes 0.6 ns a byte, and a row of features alone has some 700 (measured).
    """
    if rows.dtype.names is None:
        words = np.ascontiguousarray(rows, np.float64).view(np.uint64)
        masks, floats = np.full(len(words), ~np.uint64(0)), np.ones(len(words), np.bool_)
    else:
        masks, floats = _form(rows.dtype)
        whole = rows if rows.itemsize % WORD == 0 else rows.astype(_padded(rows.dtype))
        words = np.ascontiguousarray(whole).view(np.uint64).reshape(rows.size, masks.size).T
    return cast(NDArray[np.uint64], fingerprint(words, masks, floats))


@cache
def _form(dtype: np.dtype[Any]) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Of each word of a row, which bits are hashed, and whether it is a double."""
    fields: Mapping[str, Any] = dtype.fields or {}
    hashed = np.zeros(-(-dtype.itemsize // WORD) * WORD, np.uint8)
    floats = np.zeros(hashed.size // WORD, np.bool_)
    for name in fields.keys() - UNHASHED:
        kind, offset = fields[name][:2]
        hashed[offset : offset + kind.itemsize] = 0xFF
        floats[offset // WORD : (offset + kind.itemsize) // WORD] = kind.base == np.float64
    return hashed.view(np.uint64), floats


def _padded(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The same row with room for its last word."""
    fields: Mapping[str, Any] = dtype.fields or {}
    kinds, offsets = zip(*((field[0], field[1]) for field in fields.values()), strict=True)
    size = -(-dtype.itemsize // WORD) * WORD
    return np.dtype({"names": list(fields), "formats": kinds, "offsets": offsets, "itemsize": size})
