"""Files as a source: recordings and tables, told apart by their content, merged by event time.

One partition reads all files and hands on blocks for every shard, since a merge needs its inputs side
by side. It resumes exactly where its snapshot was taken.
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
"""Version; path and size of each file, in the order of ranks; position in each; instruments whose names
went out; period and key of the last row; rows accepted, rejected; whether all is done."""


@dataclass(frozen=True)
class Files:
    """Files that were looked at and found good.

    Attributes
    ----------
    inputs
        The files in the order of their ranks (`flows.sources.merge`), with their first event times.
    base
        The frame of bars; None for trades.
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
        """What they hold."""
        return "trades" if self.base is None else "bars"

    @property
    def lateness_ns(self) -> int:
        """The allowed lateness that suits them: recorders shuffle trades a little, bars are in order."""
        return clock.SECOND if self.base is None else 0

    @property
    def ignored(self) -> Counter[str]:
        """Messages of recordings that were not taken, by type, as far as this process has read."""
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
    """Recordings and tables as one source of trades, or of bars.

    Parameters
    ----------
    paths
        Recordings (`RECV_NS JSON` lines), Parquet, Feather or CSV files, in any order.
    instrument
        `venue:symbol` for tables that name none; `venue:*` where their symbols lack the venue.
    mapping
        Columns of tables that go by other names (`flows.sources.columns.parse_mapping`).
    frame
        Length of bars; by default told by the file.
    end_ns
        Until when the recording is known to be complete. The last heartbeat then carries this time,
        if it is later than the last row, so that bars close which end before.
    rejected_share_max
        A larger share of rejects among the rows ends the run.
    chunk_rows
        Rows read at a time; decides the memory used and changes no row.

    Raises
    ------
    InputError
        If a file, a column, the instrument or the frame is missing or cannot be used, or the files
        do not go together.
    """
    if not paths:
        raise InputError("no input is given; name at least one file")
    inputs = [open_input(Path(path).absolute(), instrument, mapping or {}, frame) for path in paths]
    base = _common_base(inputs)
    ranked = sorted(((source, first_ns(source)) for source in inputs), key=_rank)
    _check_ids(inputs)
    for source in inputs:
        source.ignored.clear()  # what was looked at will be read again
    return Files(tuple(ranked), base, end_ns, rejected_share_max, chunk_rows)


class FilesSource(FixedPartitionedSource[Item, Snapshot]):
    """All the files, as one partition."""

    def __init__(self, opened: Files) -> None:
        self._opened = opened

    def list_parts(self) -> list[str]:
        """See Bytewax."""
        return [PARTITION]

    def build_part(self, step_id: str, for_part: str, resume_state: Snapshot | None) -> "FilesPartition":  # noqa: ARG002
        """See Bytewax."""
        return FilesPartition(self._opened, resume_state)


class FilesPartition(StatefulSourcePartition[Item, Snapshot]):
    """Hands on a chunk at a time.

    Raises
    ------
    RecoveryError
        If the snapshot is of other files.
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
                f"the recovery store knows positions in files of version {snapshot[0]}, and this is version {VERSION}; "
                f"give a new recovery folder"
            )
        _, paths, positions, named, period, self._key, accepted, rejected, self._ended = snapshot
        if paths != self._files:
            raise RecoveryError(
                f"the recovery store was written while reading {_listed(paths)}, and the input is now "
                f"{_listed(self._files)}; give the same files, unchanged, or a new recovery folder"
            )
        self._merge = Merge(opened.inputs, positions and [Position(*each) for each in positions], opened.chunk_rows)
        self._split = Split(opened.base, named, period)
        self._limit = RejectLimit(opened.rejected_share_max, accepted, rejected)

    def next_batch(self) -> list[Item]:
        """See Bytewax."""
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
        """See Bytewax."""
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
                f"of {other.frame.name}; give files of one frame, the higher ones are folded from it"
            )
    return first.frame


def _check_ids(inputs: Sequence[Input]) -> None:
    """Ids of `trade` and of `aggTrade` count one instrument in two ways, so files must agree on one."""
    streams: dict[str, tuple[str, str]] = {}
    for source in inputs:
        for name, stream in source.streams.items():
            other, file = streams.setdefault(name, (stream, source.path.name))
            if other != stream:
                raise InputError(
                    f"input {file!r} has the stream {other} of {name} and {source.path.name!r} the stream {stream}, "
                    f"whose ids do not compare; replay them one at a time"
                )


def _listed(paths: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{path} ({size:,} bytes)" for path, size in paths)
