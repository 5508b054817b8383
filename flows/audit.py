"""Audit: whether any idea sees the future, and how much each depends on where the history begins.

Both run the chain of the recipe on the user's own data and compare conclusions bit by bit, idea by
idea, so that what is found has a name. What is run is what trades: there is no second implementation.
"""

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.blocks import TRADE, bars_block, names_block, read_block, trades_block
from domain.clock import SECOND
from domain.errors import InputError
from domain.slices import BAR, CANDIDATE, EVENT, Slice
from flows.chain import build, factories, run
from flows.settings import EngineSettings
from flows.shards import shard_of_key
from flows.sources.files import Files
from operators.catalogue import Catalogue, catalogue
from operators.features import TAPE

BENT = 1_000.0
"""Prices after the cut are multiplied by this: whatever looks there will show it."""


class Guilty(NamedTuple):
    """An idea that concluded something else when the future was other."""

    idea: str
    proof: str
    instrument: str
    at_ns: int


class LookaheadReport(msgspec.Struct, frozen=True, kw_only=True):
    """What the look-ahead audit did and found."""

    bars: int
    cuts: int
    features: int
    detectors: int
    strategies: int
    guilty: list[Guilty]


class Dependence(NamedTuple):
    """How far a feature's value is off when its history is short.

    `off` is the largest relative difference from the value over the whole history, over the sampled
    bars, with `history` bars loaded before them; `warmup` is what the feature states it needs.
    """

    feature: str
    frame: str
    warmup: int
    history: int
    off: float


def lookahead(
    opened: Files, settings: EngineSettings, *, cuts: int = 16, ideas: Catalogue | None = None
) -> LookaheadReport:
    """Try to catch each feature, detector and strategy at reading what had not happened yet.

    At each of some cuts through the data, two things must not change what was concluded before it:
    taking away all that comes after (prefix invariance), and making all that comes after a thousand
    times as large (future corruption). The first finds ideas whose past values depend on how much data
    there is; the second also finds those that look a single bar ahead.

    Parameters
    ----------
    opened
        The user's data.
    settings
        Of the engine.
    cuts
        Places to cut at, spread evenly. More finds rarer leaks.
    ideas
        What to audit; all there are if None.

    Raises
    ------
    InputError
        If the data closes no bar.
    """
    applied = ideas or catalogue()
    suited = settings if opened.base is None else settings.over(opened.base)
    logs = _logs(opened)
    guilty: dict[str, Guilty] = {}
    bars = 0
    for log in logs:
        whole = _conclude(log.names, log.rows, suited, applied)
        bars += sum(each.bars.size for each in whole)
        for at in np.linspace(0, log.rows.size, cuts + 2, dtype=int)[1:-1].tolist():
            known = _conclude(log.names, log.rows[:at], suited, applied)
            if not known:
                continue  # nothing had closed by then
            bent = log.rows.copy()
            for name in ("price",) if log.rows.dtype == TRADE else ("open", "high", "low", "close"):
                bent[name][at:] *= BENT
            corrupted = _conclude(log.names, bent, suited, applied)
            for proof, other in (("prefix invariance", known), ("future corruption", corrupted)):
                found = _compare(whole, other, known[-1].watermark, applied, proof)
                guilty = {**{each.idea: each for each in found}, **guilty}
    if not bars:
        raise InputError("the data closes no bar, so there is nothing to audit; give more of it")
    return LookaheadReport(
        bars=bars,
        cuts=cuts,
        features=len(applied.features),
        detectors=len(applied.detectors),
        strategies=len(applied.strategies),
        guilty=sorted(guilty.values()),
    )


def recursion(
    opened: Files, settings: EngineSettings, *, histories: Sequence[float] = (0.5, 1.0, 2.0, 4.0), samples: int = 8
) -> list[Dependence]:
    """How much each feature depends on the history loaded before it.

    Parameters
    ----------
    opened
        The user's data.
    settings
        Of the engine.
    histories
        Bars of history to load, as multiples of the feature's stated warm-up.
    samples
        Bars at which to compare, spread over the last half of the data.

    Returns
    -------
    list
        One row a feature column, frame and history; `off` is NaN where the data is too short to tell.
    """
    suited = settings if opened.base is None else settings.over(opened.base)
    series = _series(opened, suited)
    rows: list[Dependence] = []
    for feature in catalogue().features:
        for frame, bars in series.items():
            whole = feature.over(bars, warm=False)
            count = bars["close"].size
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)  # a column may be NaN throughout
                usual = np.nan_to_num(np.nanmedian(np.abs(whole), axis=1))
            for multiple in histories:
                history = max(1, round(multiple * feature.warmup))
                places = [at for at in np.linspace(count // 2, count - 1, samples, dtype=int).tolist() if at >= history]
                off = np.full((len(feature.columns), len(places)), np.nan)
                for sample, at in enumerate(places):
                    short = {name: column[at - history + 1 : at + 1] for name, column in bars.items()}
                    off[:, sample] = _relative(feature.over(short, warm=False)[:, -1], whole[:, at], usual)
                for column, name in enumerate(feature.columns):
                    told = off[column][~np.isnan(off[column])]
                    worst = float(told.max()) if told.size else float("nan")
                    rows.append(Dependence(name, frame, feature.warmup, history, worst))
    return rows


class _Log(NamedTuple):
    names: bytes
    rows: NDArray[Any]


def _logs(opened: Files) -> list[_Log]:
    """The rows of each shard that has an instrument, heartbeats included."""
    source = opened.source().build_part("log", "files", None)
    names: dict[int, list[bytes]] = {}
    rows: dict[int, list[NDArray[Any]]] = {}
    wanted = "trades" if opened.base is None else "bars"
    while True:
        try:
            items = source.next_batch()
        except StopIteration:
            break
        for key, block in items:
            kind, content = read_block(block)
            if kind == "names":
                names.setdefault(shard_of_key(key), []).append(block)
            elif kind == wanted:
                rows.setdefault(shard_of_key(key), []).append(content)
    return [_Log(_joined(names[shard]), np.concatenate(rows[shard])) for shard in sorted(names) if shard in rows]


def _joined(blocks: list[bytes]) -> bytes:
    return names_block([name for block in blocks for name in read_block(block)[1].values()])


def _conclude(names: bytes, rows: NDArray[Any], settings: EngineSettings, ideas: Catalogue) -> list[Slice]:
    from_bars = rows.dtype != TRADE
    make = bars_block if from_bars else trades_block
    # One batch: an idea that reaches to the right finds something there.
    return run(build(factories(settings, from_bars=from_bars, ideas=ideas)), [[names, make(rows)]])


def _compare(whole: list[Slice], other: list[Slice], until: int, ideas: Catalogue, proof: str) -> list[Guilty]:
    """Ideas whose conclusions up to `until` differ."""
    found: list[Guilty] = []
    ours, theirs = _early(whole, until), _early(other, until)
    size = min(ours.bars.size, theirs.bars.size)
    for column, name in enumerate(ideas.columns):
        a, b = ours.features[column, :size], theirs.features[column, :size]
        differing = np.flatnonzero((a != b) & ~(np.isnan(a) & np.isnan(b)))
        if differing.size:
            found.append(_accuse(f"feature {name}", proof, ours, ours.bars[differing[0]]))
    for kind, column_name, names in (
        ("events", "detector", [detector.name for detector in ideas.detectors]),
        ("candidates", "strategy", [strategy.name for strategy in ideas.strategies]),
    ):
        for at, idea in enumerate(names):
            a, b = (getattr(each, kind) for each in (ours, theirs))
            a, b = a[a[column_name] == at], b[b[column_name] == at]
            both = min(a.size, b.size)
            differing = np.flatnonzero(_raw(a[:both]) != _raw(b[:both]))
            if a.size != b.size or differing.size:
                first = differing[0] if differing.size else both
                row = (a if first < a.size else b)[first]
                found.append(_accuse(f"{column_name} {idea}", proof, ours if first < a.size else theirs, row))
    return found


def _raw(rows: NDArray[Any]) -> Any:
    """Rows as plain bytes, which can be compared whole."""
    return np.ascontiguousarray(rows).view(np.dtype((np.void, rows.dtype.itemsize)))


def _early(slices: list[Slice], until: int) -> Slice:
    """All conclusions up to an instant as one Slice, without what depends on how it was cut."""
    bars = np.concatenate([each.bars for each in slices]) if slices else Slice(0).bars
    kept = bars["close_time"] <= until
    features = np.concatenate([each.features for each in slices], axis=1) if slices else np.empty((0, 0))
    out = Slice(until, names=slices[-1].names if slices else (), bars=bars[kept], features=features[:, kept])
    for name, dtype in (("events", EVENT), ("candidates", CANDIDATE)):
        rows = np.concatenate([np.empty(0, dtype), *(getattr(each, name) for each in slices)])
        rows = rows[rows["ts"] <= until]
        rows["row"] = 0
        if name == "candidates":
            rows["events"] = 0  # evidence of detectors, who answer for themselves
        setattr(out, name, rows)
    return out


def _accuse(idea: str, proof: str, given: Slice, row: Any) -> Guilty:
    at_ns = int(row["close_time"] if "close_time" in row.dtype.names else row["ts"])
    return Guilty(idea, proof, given.names[row["slot"]], at_ns)


def _series(opened: Files, settings: EngineSettings) -> dict[str, dict[str, NDArray[np.float64]]]:
    """The closed bars of the instrument with most of them, by frame, as columns."""
    made = factories(settings, from_bars=opened.base is not None)[:1]
    block = trades_block if opened.base is None else bars_block
    closed = [each.bars for log in _logs(opened) for each in run(build(made), [[log.names, block(log.rows)]])]
    bars = np.concatenate([np.empty(0, BAR), *closed])
    if not bars.size:
        raise InputError("the data closes no bar, so there is nothing to audit; give more of it")
    instruments, counts = np.unique(bars["instrument"], return_counts=True)
    mine = bars[bars["instrument"] == instruments[counts.argmax()]]
    series = {}
    for at, frame in enumerate(settings.frames):
        rows = mine[mine["frame"] == at]
        if rows.size:
            series[frame.name] = {name: rows[name].astype(float) for name in TAPE if name in (BAR.names or ())}
            series[frame.name]["close_time_s"] = rows["close_time"] / SECOND
    return series


def _relative(value: NDArray[np.float64], true: NDArray[np.float64], usual: NDArray[np.float64]) -> Any:
    """The difference over the size of the value, or over its usual size where it passes through zero."""
    return np.abs(value - true) / np.maximum(np.maximum(np.abs(true), usual), 1e-12)
