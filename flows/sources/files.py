"""Files as a source: recordings and tables, recognised by their content and merged by event time.

A single partition reads all files and emits blocks for every shard, since a merge needs all of its inputs. It
resumes exactly where its snapshot was taken.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from domain import clock
from domain.errors import InputError, RecoveryError
from domain.frames import Frame
from flows.sources.formats import open_input
from flows.sources.inputs import Input, Kind
from flows.sources.limit import RejectLimit
from flows.sources.merge import Merge, Position, first_ns
from flows.sources.split import Item, Split

VERSION = 1
PARTITION = "files"
CHUNK_ROWS = 65_536

Snapshot = tuple[Any, ...]
"""Version; path and size of each file, in rank order; position in each; instruments whose names were emitted;
period and key of the last row; number of rows accepted, rejected; whether the input has ended."""


@dataclass(frozen=True)
class Files:
    """Files that were opened and checked.

    Attributes
    ----------
    inputs
        The files in rank order (`flows.sources.merge`), with their first event times.
    base
        Frame of the bars; None for trades.
    end_ns, rejected_share_max, chunk_rows
        See `files`.
    """

    inputs: tuple[tuple[Input, int], ...]
    base: Frame | None
    end_ns: int | None
    rejected_share_max: float
    chunk_rows: int

    @property
    def kind(self) -> Kind:
        """Whether they hold trades or bars."""
        return "trades" if self.base is None else "bars"

    @property
    def lateness_ns(self) -> int:
        """A suitable allowed lateness: recorded trades are slightly out of order, bars are in order."""
        return clock.SECOND if self.base is None else 0

    @property
    def ignored(self) -> Counter[str]:
        """Ignored messages of recordings by type, as far as this process has read."""
        return sum((source.ignored for source, _ in self.inputs), Counter())

    def source(self) -> "FilesSource":
        """The source for the dataflow."""
        return FilesSource(self)


def files(
    paths: Sequence[Path | str],
    *,
    instrument: str | None = None,
    mapping: Mapping[str, str] | None = None,
    frame: Frame | None = None,
    end_ns: int | None = None,
    rejected_share_max: float = 0.01,
    chunk_rows: int = CHUNK_ROWS,
) -> Files:
    """Open recordings and tables as one source of trades, or of bars.

    Parameters
    ----------
    paths
        Recordings (`RECV_NS JSON` lines), Parquet, Feather or CSV files, in any order.
    instrument
        `venue:symbol` for tables without an instrument column; `venue:*` if their symbols lack the venue.
    mapping
        Column mapping of tables (`flows.sources.columns.parse_mapping`).
    frame
        Length of bars; by default inferred from the file.
    end_ns
        Time until which the recording is known to be complete. The last heartbeat has this time if it is
        later than the last row, so that bars that end before it close.
    rejected_share_max
        A larger share of rejects among the rows ends the run.
    chunk_rows
        Rows read at a time; affects memory use only, not the result.

    Raises
    ------
    InputError
        If a file, a column, the instrument or the frame is missing or invalid, or the files
        cannot be combined.
    """
    if not paths:
        raise InputError("no input files; name at least one")
    inputs = [open_input(Path(path).absolute(), instrument, mapping or {}, frame) for path in paths]
    base = _common_base(inputs)
    ranked = sorted(((source, first_ns(source)) for source in inputs), key=_rank)
    _check_ids(inputs)
    for source in inputs:
        source.ignored.clear()  # the rows read for these checks are read again later
    return Files(tuple(ranked), base, end_ns, rejected_share_max, chunk_rows)


class FilesSource(FixedPartitionedSource[Item, Snapshot]):
    """All the files, as one partition."""

    def __init__(self, opened: Files) -> None:
        self._opened = opened

    def list_parts(self) -> list[str]:
        """Implement the Bytewax interface."""
        return [PARTITION]

    def build_part(self, step_id: str, for_part: str, resume_state: Snapshot | None) -> "FilesPartition":  # noqa: ARG002
        """Implement the Bytewax interface."""
        return FilesPartition(self._opened, resume_state)


class FilesPartition(StatefulSourcePartition[Item, Snapshot]):
    """Emits one merged chunk per batch.

    Raises
    ------
    RecoveryError
        If the snapshot was taken of other files.
    RejectLimitError
        While reading, if too large a share of the rows is rejected.
    """

    def __init__(self, opened: Files, resume: Snapshot | None = None) -> None:
        self._files = tuple((str(source.path), source.path.stat().st_size) for source, _ in opened.inputs)
        self._end_ns = opened.end_ns
        fresh = (VERSION, self._files, None, (), None, None, 0, 0, False)
        snapshot = resume or fresh
        if snapshot[0] != VERSION:
            raise RecoveryError(
                f"the recovery store has file positions of version {snapshot[0]}, and this is version {VERSION}; "
                f"use a new recovery directory"
            )
        _, paths, positions, named, period, self._key, accepted, rejected, self._ended = snapshot
        if paths != self._files:
            raise RecoveryError(
                f"the recovery store was written while reading {_listed(paths)}, and the input is now "
                f"{_listed(self._files)}; use the same files, unchanged, or a new recovery directory"
            )
        self._merge = Merge(opened.inputs, positions and [Position(*each) for each in positions], opened.chunk_rows)
        self._split = Split(opened.base, named, period)
        self._limit = RejectLimit(opened.rejected_share_max, accepted, rejected)

    def next_batch(self) -> list[Item]:
        """Implement the Bytewax interface."""
        if self._ended:
            raise StopIteration
        merged = self._merge.step()
        if merged is None:
            self._limit.check()
            self._ended = True
            known = [at_ns for at_ns in (self._key, self._end_ns) if at_ns is not None]
            return self._split.end(max(known)) if known else []
        self._limit.count(merged.rows.size, merged.rejects)
        if merged.keys.size:
            self._key = int(merged.keys[-1])
        return self._split.items(merged)

    def snapshot(self) -> Snapshot:
        """Implement the Bytewax interface."""
        return (
            VERSION,
            self._files,
            tuple(tuple(position) for position in self._merge.positions()),
            tuple(sorted(self._split.named)),
            self._split.period,
            self._key,
            self._limit.accepted,
            self._limit.rejected,
            self._ended,
        )


def _rank(ranked: tuple[Input, int]) -> tuple[int, str, str]:
    source, first = ranked
    return first, source.path.name, str(source.path)


def _common_base(inputs: Sequence[Input]) -> Frame | None:
    first = inputs[0]
    for other in inputs[1:]:
        if first.kind != other.kind:
            raise InputError(
                f"input {first.path.name!r} holds {first.kind} and {other.path.name!r} holds {other.kind}; "
                f"replay them one at a time"
            )
        if first.frame and other.frame and first.frame != other.frame:
            raise InputError(
                f"input {first.path.name!r} has bars of {first.frame.name} and {other.path.name!r} "
                f"of {other.frame.name}; use files of one frame, the longer ones are folded from it"
            )
    return first.frame


def _check_ids(inputs: Sequence[Input]) -> None:
    """Check that all files use one stream: `trade` and `aggTrade` number the same instrument differently."""
    streams: dict[str, tuple[str, str]] = {}
    for source in inputs:
        for name, stream in source.streams.items():
            other, file = streams.setdefault(name, (stream, source.path.name))
            if other != stream:
                raise InputError(
                    f"input {file!r} has the stream {other} of {name} and {source.path.name!r} the stream {stream}, "
                    f"whose trade ids are not comparable; replay them one at a time"
                )


def _listed(paths: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{path} ({size:,} bytes)" for path, size in paths)
