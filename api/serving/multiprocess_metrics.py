"""Multiprocess metrics: those of all workers of a port, whichever of them answers a scrape.

Every second each worker writes its metrics to a file of its own, and the worker that is scraped merges its registry
with the files of the others; no request waits for that, and counting costs what it does in a single process. A worker
that takes over the slot of another continues from its file, and the file of a worker that is gone stays: a counter
never decreases, which Prometheus would take for a restart and count again.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import add
from pathlib import Path
from typing import Final

import msgspec
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from domain.clock import SECOND

log = logging.getLogger(__name__)

FRESH_S: Final = 5.0
"""A worker that has not written for this long is gone: its gauges (clients, memory) no longer count."""

_SeriesKey = tuple[str, tuple[tuple[str, str], ...]]
_Merge = Callable[[float, float], float]
_CUMULATIVE: Final = ("counter", "histogram")
_MERGES: Final[Mapping[str, _Merge]] = {
    # Every worker follows the whole feed.
    **dict.fromkeys(("signals_generated", "signal_score_distribution", "feed_messages", "feed_refused"), max),
    **dict.fromkeys(("ws_clients", "system_memory_bytes", "system_threads"), add),
    **dict.fromkeys(("feed_connected", "uptime_seconds"), min),
}
"""How the values of two workers are merged. Other counters and histograms are added; other gauges are not shared,
since they are the same in every worker."""


class Family(msgspec.Struct):
    """A metric: its type, its help text, and its values by series (sample name and labels)."""

    kind: str
    documentation: str
    values: dict[_SeriesKey, float]


Families = dict[str, Family]


class Snapshot(msgspec.Struct):
    """The metrics of one worker at one time, as its file holds them."""

    at_ns: int
    families: Families


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Snapshot)


class MultiprocessCollector(Collector):
    """The metrics of all workers.

    Parameters
    ----------
    file
        File of this worker; those of the others are in the same directory, with the same suffix.
    registry
        Metrics of this worker.
    now_ns
        Reads the time of day, in nanoseconds UTC.
    """

    def __init__(self, file: Path, registry: CollectorRegistry, now_ns: Callable[[], int]) -> None:
        self._file, self._registry, self._now_ns = file, registry, now_ns
        predecessor = _read(file)
        counted = {} if predecessor is None else _filtered(predecessor.families, _is_cumulative)
        followed = _filtered(_merged((counted, *self._others()), _merge_of), lambda name, _: _MERGES.get(name) is max)
        self._inherited = counted | followed
        self._can_write = True

    def write(self) -> None:
        """Write this worker's metrics to its file, for the others; a failure is logged once."""
        shared = _filtered(self._current(), lambda name, kind: name in _MERGES or kind in _CUMULATIVE)
        temporary = self._file.with_suffix(".new")
        try:
            temporary.write_bytes(_encoder.encode(Snapshot(self._now_ns(), shared)))
            temporary.replace(self._file)
        except OSError as problem:
            if self._can_write:
                log.warning("metrics_not_shared error=%s", problem)
            self._can_write = False
        else:
            self._can_write = True

    def collect(self) -> Iterator[Metric]:
        """The merged metrics, as a single process would expose them."""
        for name, family in _merged((self._current(), *self._others()), _merge_of).items():
            metric = Metric(name, family.documentation, family.kind)
            metric.samples = [Sample(series, dict(labels), value) for (series, labels), value in family.values.items()]
            yield metric

    def _current(self) -> Families:
        """The metrics of this worker, including what it inherited."""
        return _merged((_families(self._registry), self._inherited), lambda _: add)

    def _others(self) -> Iterator[Families]:
        oldest_ns = self._now_ns() - int(FRESH_S * SECOND)
        for file in self._file.parent.glob(f"*{self._file.suffix}"):
            if file != self._file and (snapshot := _read(file)) is not None:
                is_fresh = snapshot.at_ns >= oldest_ns
                yield snapshot.families if is_fresh else _filtered(snapshot.families, _is_cumulative)


def _families(registry: CollectorRegistry) -> Families:
    return {
        metric.name: Family(
            metric.type,
            metric.documentation,
            {(sample.name, tuple(sample.labels.items())): sample.value for sample in metric.samples},
        )
        for metric in registry.collect()
    }


def _merged(several: Iterable[Families], merge_of: Callable[[str], _Merge]) -> Families:
    """Merge the metrics of several workers; type and help text are those of the first that has the metric."""
    result: Families = {}
    for families in several:
        for name, family in families.items():
            values = result.setdefault(name, Family(family.kind, family.documentation, {})).values
            merge = merge_of(name)
            for key, value in family.values.items():
                values[key] = merge(values[key], value) if key in values else value
    return result


def _merge_of(name: str) -> _Merge:
    return _MERGES.get(name, add)


def _filtered(families: Families, predicate: Callable[[str, str], bool]) -> Families:
    return {name: family for name, family in families.items() if predicate(name, family.kind)}


def _is_cumulative(_: str, kind: str) -> bool:
    return kind in _CUMULATIVE


def _read(file: Path) -> Snapshot | None:
    """A worker's file; None if there is none, or another version of this code wrote it."""
    try:
        return _decoder.decode(file.read_bytes())
    except (OSError, msgspec.DecodeError):
        return None
