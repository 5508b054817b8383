"""Pages: what each worker of a port counted, so that whoever is asked for metrics tells of all of them.

Every second a worker writes its metrics into a file of its own, and whoever is asked reads those of the others; no
request waits for that, nor counts otherwise than alone. A worker that is started in the place of another goes on from
its page, and the page of one that is gone stays: what was counted never falls, which Prometheus would take for a
restart and count again.
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
"""A worker that has not written for so long is gone, and has neither clients nor memory."""

_Key = tuple[str, tuple[tuple[str, str], ...]]
_COUNTED: Final = ("counter", "histogram")
_HOW: Final[Mapping[str, Callable[[float, float], float]]] = {
    # Every worker follows the whole feed.
    **dict.fromkeys(("signals_generated", "signal_score_distribution", "feed_messages", "feed_refused"), max),
    **dict.fromkeys(("ws_clients", "system_memory_bytes", "system_threads"), add),
    **dict.fromkeys(("feed_connected", "uptime_seconds"), min),
}
"""How the values of two workers become one. Of others only what counts is told, added up; other gauges are alike."""


class Family(msgspec.Struct):
    """A metric: its type, its help, and the values of its series by name and labels."""

    kind: str
    documentation: str
    values: dict[_Key, float]


Families = dict[str, Family]


class Page(msgspec.Struct):
    """What one worker knew at one time."""

    at_ns: int
    families: Families


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Page)


class Pages(Collector):
    """The metrics of all workers.

    Parameters
    ----------
    own
        File of this worker; the others have theirs beside it.
    registry
        What this worker counts.
    now_ns
        Reads the time of day, in nanoseconds UTC.
    """

    def __init__(self, own: Path, registry: CollectorRegistry, now_ns: Callable[[], int]) -> None:
        self._own, self._registry, self._now_ns = own, registry, now_ns
        before = _read(own)
        mine = _chosen({} if before is None else before.families, _is_counted)
        followed = _chosen(_folded((mine, *self._others()), _how), lambda name, _: _HOW.get(name) is max)
        self._past = mine | followed
        self._is_written = True

    def write(self) -> None:
        """Tell the others."""
        page = Page(self._now_ns(), _chosen(self._current(), lambda name, kind: name in _HOW or kind in _COUNTED))
        fresh = self._own.with_suffix(".new")
        try:
            fresh.write_bytes(_encoder.encode(page))
            fresh.replace(self._own)
        except OSError as problem:
            if self._is_written:
                log.warning("metrics_not_shared error=%s", problem)
            self._is_written = False
        else:
            self._is_written = True

    def collect(self) -> Iterator[Metric]:
        """The metrics of all workers, as one that were alone would have them."""
        for name, family in _folded((self._current(), *self._others()), _how).items():
            metric = Metric(name, family.documentation, family.kind)
            metric.samples = [Sample(series, dict(labels), value) for (series, labels), value in family.values.items()]
            yield metric

    def _current(self) -> Families:
        """What this worker knows, and those counted whose place it took."""
        return _folded((_families(self._registry), self._past), lambda _: add)

    def _others(self) -> Iterator[Families]:
        oldest_ns = self._now_ns() - int(FRESH_S * SECOND)
        for file in self._own.parent.glob(f"*{self._own.suffix}"):
            if file != self._own and (page := _read(file)) is not None:
                yield page.families if page.at_ns >= oldest_ns else _chosen(page.families, _is_counted)


def _families(registry: CollectorRegistry) -> Families:
    return {
        metric.name: Family(
            metric.type,
            metric.documentation,
            {(sample.name, tuple(sample.labels.items())): sample.value for sample in metric.samples},
        )
        for metric in registry.collect()
    }


def _folded(pages: Iterable[Families], how: Callable[[str], Callable[[float, float], float]]) -> Families:
    """One page made of several; the first says what a metric is."""
    whole: Families = {}
    for page in pages:
        for name, family in page.items():
            values = whole.setdefault(name, Family(family.kind, family.documentation, {})).values
            one = how(name)
            for key, value in family.values.items():
                values[key] = one(values[key], value) if key in values else value
    return whole


def _how(name: str) -> Callable[[float, float], float]:
    return _HOW.get(name, add)


def _chosen(families: Families, is_wanted: Callable[[str, str], bool]) -> Families:
    return {name: family for name, family in families.items() if is_wanted(name, family.kind)}


def _is_counted(_: str, kind: str) -> bool:
    return kind in _COUNTED


def _read(file: Path) -> Page | None:
    """A page; None if there is none, or it is of another version of ours."""
    try:
        return _decoder.decode(file.read_bytes())
    except (OSError, msgspec.DecodeError):
        return None
