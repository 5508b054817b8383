"""Moments: what the messages of recorded prediction markets say, file by file, and of all files in one order.

The order is a pure function of the files: by (newest time in the file so far, rank of the file, position),
files ranked by (first time, name, path). A message is of the time when it was received, else of its first row.
Answers without any time stand ahead of all else, and tell then of markets that are open, whatever became of them.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from domain.blocks import NO_ID, Rows
from domain.rows import concatenated
from domain.slices import Reject
from flows.sources.messages import read_messages
from flows.venues.intake import REPEATED, Intake, Run
from flows.venues.prediction import Prediction
from flows.venues.repeats import Repeats


class Moment(NamedTuple):
    """What one message said.

    Attributes
    ----------
    key, rank, position
        Its place in the order.
    received_ns
        0 if that is not told.
    payload
        The message.
    runs, rejects, ignored
        See `flows.venues.intake`.
    intake
        Knows the names of what is in the rows.
    """

    key: int
    rank: int
    position: int
    received_ns: int
    payload: bytes
    runs: list[Run]
    rejects: list[Reject]
    ignored: Mapping[str, int]
    intake: Intake


class Gathered:
    """What several moments say, with runs of one kind as one; see `flows.sources.market_split.Told`.

    Attributes
    ----------
    messages, taken, trades
        How many there are; rows, changes and groups; trades among them.
    """

    def __init__(
        self, moments: Sequence[Moment], as_told: Callable[[Moment], list[Run]], more: Sequence[Run] = ()
    ) -> None:
        self.messages = len(moments)
        self.names: dict[int, str] = {}
        self.addresses: dict[int, str] = {}
        for intake in {id(moment.intake): moment.intake for moment in moments}.values():
            self.names |= intake.names
            self.addresses |= intake.addresses
        self.rejects = [reject for moment in moments for reject in moment.rejects]
        self.ignored: Counter[str] = Counter()
        for moment in moments:
            self.ignored.update(moment.ignored)
        self._runs = _coalesced([*(run for moment in moments for run in as_told(moment)), *more])
        self.trades = sum(content.size for kind, content in self._runs if kind == "trades")
        others = (content.size if kind == "quotes" else 1 for kind, content in self._runs if kind != "trades")
        self.taken = self.trades + sum(others)

    def take(self) -> list[Run]:
        """The runs."""
        return self._runs

    def ignore(self, kind: str) -> None:
        """Count what says nothing to us."""
        self.ignored[kind] += 1


def _coalesced(runs: list[Run]) -> list[Run]:
    """Runs of rows of one kind that follow each other as one."""
    whole: list[Run] = []
    for kind, group in groupby(runs, key=lambda run: run[0]):
        told = [content for _, content in group]
        if kind in ("quotes", "trades"):
            whole.append((kind, concatenated(told)))
        else:
            whole += [(kind, content) for content in told]
    return [(kind, content) for kind, content in whole if kind in ("change", "group") or content.size]


def moments(
    path: Path, rank: int = 0, with_wallets: frozenset[int] = frozenset(), at_most: int = 4_096
) -> Iterator[Moment]:
    """What is in a file, in its order.

    Parameters
    ----------
    with_wallets
        Tokens whose trades are told with their wallets; trades of them without are left out.
    at_most
        Messages to read at a time; changes nothing.
    """
    prediction, key = Prediction(), 0
    for messages, damaged, consumed in read_messages(path, at_most=at_most):
        intake = Intake(path.name, with_wallets=with_wallets)
        for message in messages:
            intake.begin(*message)
            prediction.decode(message.payload, intake)
            runs = intake.take()
            key = max(key, intake.received_ns or _first_ns(runs))
            rejects, intake.rejects = intake.rejects, []
            ignored, intake.ignored = intake.ignored, Counter()
            yield Moment(
                key, rank, message.position, intake.received_ns, message.payload, runs, rejects, ignored, intake
            )
        for reject in damaged:
            yield Moment(key, rank, reject.position or consumed, 0, b"", [], [reject], {}, intake)


def merged(paths: Sequence[Path], with_wallets: frozenset[int] = frozenset(), at_most: int = 4_096) -> Iterator[Moment]:
    """What is in all files, ranked as they are given; what is told again is left out, and counted as ignored.

    A trade is told again where its fingerprint came before; any message where another file had it at the same
    time, byte by byte, as often.
    """
    told, repeats = _Told(), Repeats()
    streams = [moments(path, rank, with_wallets, at_most) for rank, path in enumerate(paths)]
    for moment in heapq.merge(*streams, key=lambda each: each[:3]):
        if told.again(moment):
            count = sum(rows.size for kind, rows in moment.runs if kind == "trades")
            yield moment._replace(runs=[], rejects=[], ignored={REPEATED: count} if count else {})
        else:
            yield _without_repeats(moment, repeats)


class _Told:
    """The messages of one key, and how often each file had them."""

    def __init__(self) -> None:
        self._key = -1
        self._times: dict[tuple[int, bytes], Counter[int]] = {}

    def again(self, moment: Moment) -> bool:
        """Whether a file of lower rank had it as often."""
        if moment.key != self._key:
            self._key, self._times = moment.key, {}
        times = self._times.setdefault((moment.received_ns, moment.payload), Counter())
        times[moment.rank] += 1
        return any(count >= times[moment.rank] for rank, count in times.items() if rank != moment.rank)


def _without_repeats(moment: Moment, repeats: Repeats) -> Moment:
    runs: list[Run] = []
    again = 0
    for kind, content in moment.runs:
        if kind == "trades":
            new = [number == NO_ID or repeats.is_new(number) for number in content["id"].tolist()]
            again += new.count(False)
            runs.append((kind, content[new]))
        else:
            runs.append((kind, content))
    if not again:
        return moment
    return moment._replace(runs=runs, ignored=Counter(moment.ignored) + Counter({REPEATED: again}))


def _first_ns(runs: list[Run]) -> int:
    rows: list[Rows] = [content for kind, content in runs if kind in ("quotes", "trades")]
    return next((int(each["ts"][0]) for each in rows if each.size), 0)
