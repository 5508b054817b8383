"""Audit: look-ahead bias of features, detectors and strategies, and dependence on the start of the history.

Both audits run the stages of the live dataflow on the user's own data and compare results bit by bit for each
catalogue entry, so that a violation names its source. There is no second implementation.
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

CORRUPTION_FACTOR = 1_000.0
"""Prices after the cut are multiplied by this, which changes the results of whatever reads them."""


class Violation(NamedTuple):
    """A catalogue entry whose earlier results changed when later data changed; `proof` names the test."""

    idea: str
    proof: str
    instrument: str
    at_ns: int


class LookaheadReport(msgspec.Struct, frozen=True, kw_only=True):
    """Scope and result of the look-ahead audit; the violations are called `guilty` in JSON."""

    bars: int
    cuts: int
    features: int
    detectors: int
    strategies: int
    violations: list[Violation] = msgspec.field(name="guilty")


class Dependence(NamedTuple):
    """The error of a feature's value that is computed from a short history.

    `off` is the largest relative difference from the value over the whole history among the sampled
    bars, with `history` bars loaded before each; `warmup` is the feature's declared warm-up.
    """

    feature: str
    frame: str
    warmup: int
    history: int
    off: float


def lookahead(
    opened: Files, settings: EngineSettings, *, cuts: int = 16, ideas: Catalogue | None = None
) -> LookaheadReport:
    """Test each feature, detector and strategy for look-ahead bias.

    At each of several cuts through the data, two changes must not affect the results before the cut: removing
    all later data (prefix invariance), and multiplying all later prices by a thousand (future corruption). The
    first finds entries whose past values depend on the amount of data; the second also finds those that read a
    single bar ahead.

    Parameters
    ----------
    opened
        The user's data.
    settings
        Settings of the engine.
    cuts
        Number of cuts, spread evenly. More cuts find rarer leaks.
    ideas
        Catalogue entries to audit; all if None.

    Raises
    ------
    InputError
        If the data closes no bar.
    """
    applied = ideas or catalogue()
    adapted = settings if opened.base is None else settings.over(opened.base)
    logs = _logs(opened)
    violations: dict[str, Violation] = {}
    bars = 0
    for log in logs:
        whole = _run(log.names, log.rows, adapted, applied)
        bars += sum(each.bars.size for each in whole)
        for at in np.linspace(0, log.rows.size, cuts + 2, dtype=int)[1:-1].tolist():
            known = _run(log.names, log.rows[:at], adapted, applied)
            if not known:
                continue  # no bar had closed by then
            altered = log.rows.copy()
            for name in ("price",) if log.rows.dtype == TRADE else ("open", "high", "low", "close"):
                altered[name][at:] *= CORRUPTION_FACTOR
            corrupted = _run(log.names, altered, adapted, applied)
            for proof, other in (("prefix invariance", known), ("future corruption", corrupted)):
                found = _compare(whole, other, known[-1].watermark, applied, proof)
                violations = {**{each.idea: each for each in found}, **violations}
    if not bars:
        raise InputError("no bar closes in the data, so there is nothing to audit; use a longer recording")
    return LookaheadReport(
        bars=bars,
        cuts=cuts,
        features=len(applied.features),
        detectors=len(applied.detectors),
        strategies=len(applied.strategies),
        violations=sorted(violations.values()),
    )


def recursion(
    opened: Files, settings: EngineSettings, *, histories: Sequence[float] = (0.5, 1.0, 2.0, 4.0), samples: int = 8
) -> list[Dependence]:
    """Measure how much each feature depends on the length of the history loaded before it.

    Parameters
    ----------
    opened
        The user's data.
    settings
        Settings of the engine.
    histories
        Bars of history to load, as multiples of the feature's declared warm-up.
    samples
        Bars at which to compare, spread over the last half of the data.

    Returns
    -------
    list
        One row per feature column, frame and history; `off` is NaN where the data is too short.
    """
    adapted = settings if opened.base is None else settings.over(opened.base)
    series = _series(opened, adapted)
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
                    valid = off[column][~np.isnan(off[column])]
                    worst = float(valid.max()) if valid.size else float("nan")
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
    row_kind = "trades" if opened.base is None else "bars"
    while True:
        try:
            items = source.next_batch()
        except StopIteration:
            break
        for key, block in items:
            kind, content = read_block(block)
            if kind == "names":
                names.setdefault(shard_of_key(key), []).append(block)
            elif kind == row_kind:
                rows.setdefault(shard_of_key(key), []).append(content)
    return [_Log(_joined(names[shard]), np.concatenate(rows[shard])) for shard in sorted(names) if shard in rows]


def _joined(blocks: list[bytes]) -> bytes:
    return names_block([name for block in blocks for name in read_block(block)[1].values()])


def _run(names: bytes, rows: NDArray[Any], settings: EngineSettings, ideas: Catalogue) -> list[Slice]:
    from_bars = rows.dtype != TRADE
    encode = bars_block if from_bars else trades_block
    # A single batch, so that code which reads later rows finds some to read.
    return run(build(factories(settings, from_bars=from_bars, ideas=ideas)), [[names, encode(rows)]])


def _compare(whole: list[Slice], other: list[Slice], until: int, ideas: Catalogue, proof: str) -> list[Violation]:
    """Catalogue entries whose results up to `until` differ."""
    found: list[Violation] = []
    ours, theirs = _early(whole, until), _early(other, until)
    size = min(ours.bars.size, theirs.bars.size)
    for column, name in enumerate(ideas.columns):
        a, b = ours.features[column, :size], theirs.features[column, :size]
        differing = np.flatnonzero((a != b) & ~(np.isnan(a) & np.isnan(b)))
        if differing.size:
            found.append(_violation(f"feature {name}", proof, ours, ours.bars[differing[0]]))
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
                found.append(_violation(f"{column_name} {idea}", proof, ours if first < a.size else theirs, row))
    return found


def _raw(rows: NDArray[Any]) -> Any:
    """Rows as opaque bytes, for bitwise comparison."""
    return np.ascontiguousarray(rows).view(np.dtype((np.void, rows.dtype.itemsize)))


def _early(slices: list[Slice], until: int) -> Slice:
    """All results up to an instant as one Slice, without fields that depend on batches."""
    bars = np.concatenate([each.bars for each in slices]) if slices else Slice(0).bars
    kept = bars["close_time"] <= until
    features = np.concatenate([each.features for each in slices], axis=1) if slices else np.empty((0, 0))
    out = Slice(until, names=slices[-1].names if slices else (), bars=bars[kept], features=features[:, kept])
    for name, dtype in (("events", EVENT), ("candidates", CANDIDATE)):
        rows = np.concatenate([np.empty(0, dtype), *(getattr(each, name) for each in slices)])
        rows = rows[rows["ts"] <= until]
        rows["row"] = 0
        if name == "candidates":
            rows["events"] = 0  # detectors are compared by their own events
        setattr(out, name, rows)
    return out


def _violation(idea: str, proof: str, given: Slice, row: Any) -> Violation:
    at_ns = int(row["close_time"] if "close_time" in row.dtype.names else row["ts"])
    return Violation(idea, proof, given.names[row["slot"]], at_ns)


def _series(opened: Files, settings: EngineSettings) -> dict[str, dict[str, NDArray[np.float64]]]:
    """The closed bars of the instrument that has most of them, by frame, as columns."""
    rolling = factories(settings, from_bars=opened.base is not None)[:1]
    encode = trades_block if opened.base is None else bars_block
    closed = [each.bars for log in _logs(opened) for each in run(build(rolling), [[log.names, encode(log.rows)]])]
    bars = np.concatenate([np.empty(0, BAR), *closed])
    if not bars.size:
        raise InputError("no bar closes in the data, so there is nothing to audit; use a longer recording")
    instruments, counts = np.unique(bars["instrument"], return_counts=True)
    chosen = bars[bars["instrument"] == instruments[counts.argmax()]]
    series = {}
    for at, frame in enumerate(settings.frames):
        rows = chosen[chosen["frame"] == at]
        if rows.size:
            series[frame.name] = {name: rows[name].astype(float) for name in TAPE if name in (BAR.names or ())}
            series[frame.name]["close_time_s"] = rows["close_time"] / SECOND
    return series


def _relative(value: NDArray[np.float64], true: NDArray[np.float64], usual: NDArray[np.float64]) -> Any:
    """The difference relative to the value, or to its median size where the value is near zero."""
    return np.abs(value - true) / np.maximum(np.maximum(np.abs(true), usual), 1e-12)
