"""Replay: run files through the same dataflows as live data, as fast as they can be read.

Traded instruments go through `flows.signals` and prediction markets through `flows.prediction`; the content of a
file decides which. With one worker the dataflow runs in this process; with more, each worker is a process, and
they exchange blocks over loopback. Results are written to a staging directory and moved into place when the run
has succeeded, so that no output is ever incomplete.
"""

import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from bytewax.dataflow import Dataflow
from bytewax.outputs import Sink

from domain.errors import InputError, SignalEngineError
from domain.frames import Frame
from domain.pairs import read_pairs
from flows import cluster, prediction, replay_markets
from flows.intelligence import Intelligence
from flows.replay_markets import MarketSummary
from flows.replay_processes import ErrorRecordingSource, run_processes
from flows.settings import EngineSettings
from flows.signals import recipe, vocabulary
from flows.sinks import aligned_parquet, finding_parquet, parquet
from flows.sinks.aligned_parquet import AlignedParquetSink
from flows.sinks.parquet import ParquetSink
from flows.sinks.tally import AlignedTallySink, Tally, TallySink, read_tally, write_empty_tallies
from flows.sources.files import Files, files
from flows.sources.formats import holds_markets
from flows.sources.market_files import MarketFiles

EPOCH = timedelta(milliseconds=100)
"""Bytewax applies backpressure to a source only between epochs, so this bounds the blocks buffered in memory."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Inputs, settings and outputs of a replay.

    Attributes
    ----------
    paths
        Recordings or tables; see flows.sources.files.
    mapping, instrument, frame, end_ns, rejected_share_max
        How to read them; see flows.sources.files.files.
    settings, intelligence
        Settings of the dataflow for traded instruments.
    market_settings, finding_settings
        Settings of the dataflow for prediction markets (`flows.prediction`).
    pairs
        The mapping file of pairs across venues; see `domain.pairs.read_pairs`.
    markets
        Whether the files hold prediction markets; see `parts`.
    out
        Directory for Parquet; None writes none.
    database_url, redis_url
        Services to which results are written as by the engine; None writes none.
    workers
        Number of worker processes.
    """

    paths: list[str]
    mapping: dict[str, str] = {}
    instrument: str | None = None
    frame: str | None = None
    end_ns: int | None = None
    rejected_share_max: float = 0.01
    settings: EngineSettings = EngineSettings()
    intelligence: Intelligence = Intelligence()
    market_settings: EngineSettings = prediction.SETTINGS
    finding_settings: prediction.FindingSettings = prediction.FINDING_SETTINGS
    pairs: str | None = None
    markets: bool = False
    out: str | None = None
    database_url: str | None = None
    redis_url: str | None = None
    workers: int = 1

    def parts(self) -> "list[Plan]":
        """Split the plan by the content of its files: traded instruments, and prediction markets.

        Raises
        ------
        InputError
            If a file cannot be opened.
        """
        markets = {path: holds_markets(Path(path)) for path in self.paths}
        split = [([path for path in self.paths if markets[path] == kind], kind) for kind in (False, True)]
        return [
            msgspec.structs.replace(self, paths=paths, markets=kind) for paths, kind in split if paths or not markets
        ]

    def read_markets(self) -> MarketFiles:
        """The input of a plan for prediction markets."""
        paths = [Path(path).absolute() for path in self.paths]
        pairs = read_pairs(Path(self.pairs)) if self.pairs else []
        return MarketFiles(paths, end_ns=self.end_ns, rejected_share_max=self.rejected_share_max, pairs=pairs)

    def read(self) -> Files:
        """The input of a plan for traded instruments, checked as far as possible without reading it all."""
        return files(
            self.paths,
            instrument=self.instrument,
            mapping=self.mapping,
            frame=Frame.parse(self.frame) if self.frame else None,
            end_ns=self.end_ns,
            rejected_share_max=self.rejected_share_max,
        )

    def settings_for(self, source: Files) -> EngineSettings:
        """The settings, restricted to frames that can be folded from the input's bars."""
        return self.settings if source.base is None else self.settings.over(source.base)


class Summary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Counts and digest of the input and results of a replay, as printed by `--json`."""

    trades: int
    input_bars: int
    duplicates: int
    late: int
    rejects: int
    gaps: int
    bars: dict[str, int]
    events: int
    candidates: int
    signals: int
    outcomes: dict[str, int]
    seconds: float
    trades_per_second: int
    digest: str
    prediction: MarketSummary | None = None


def replay(plan: Plan) -> Summary:
    """Run the plan and return its summary.

    Raises
    ------
    SetupError
        If an input or a setting is invalid.
    RejectLimitError
        If too much of the input was rejected.
    ServiceError
        If Postgres or Redis is to be written to and is unavailable.
    """
    started = time.perf_counter()
    with ExitStack() as stack:
        finished = [_run(part, stack) for part in plan.parts()]
        for part in finished:
            if plan.out is not None:
                # Both parts write tables of the same names with different columns.
                _publish(part, Path(plan.out, *(["prediction"] if part.markets and len(finished) > 1 else [])))
    return _summary(finished, time.perf_counter() - started)


class _FinishedPart(NamedTuple):
    """A part of a plan that was run: its tally, its kind of input and its staging directory."""

    tally: Tally
    of_trades: bool
    staging: Path
    markets: MarketSummary | None


def _run(plan: Plan, stack: ExitStack) -> _FinishedPart:
    of_trades, names = True, prediction.vocabulary(plan.market_settings)
    if not plan.markets:
        source = plan.read()
        of_trades, names = source.kind == "trades", vocabulary(plan.settings_for(source))
    scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="replay-")))
    (scratch / "tally").mkdir()
    write_empty_tallies(scratch / "tally", names)
    replay_markets.write_empty_tallies(scratch / "tally")
    staging = _staging(plan, stack) or scratch / "parquet"
    if plan.workers == 1:
        run_worker(plan, scratch, staging, 0, [])
    else:
        run_processes(msgspec.json.encode(plan), plan.workers, scratch, staging)
    if plan.out is not None:
        parquet.complete(staging, names)
        aligned_parquet.complete(staging, names)
        if plan.markets:
            finding_parquet.complete(staging)
    tally = read_tally(scratch / "tally")
    markets = (
        replay_markets.summary(scratch / "tally", plan.read_markets(), plan.finding_settings) if plan.markets else None
    )
    return _FinishedPart(tally, of_trades, staging, markets)


def run_worker(plan: Plan, scratch: Path, staging: Path, number: int, addresses: Sequence[str]) -> None:
    """Run one worker of the plan to the end of its input."""
    note = scratch / f"error-{number}.json"
    flow = (_markets if plan.markets else _instruments)(plan, scratch / "tally", staging, note)
    cluster.run(flow, epoch=EPOCH, addresses=addresses, number=number)


def _instruments(plan: Plan, tally: Path, staging: Path, note: Path) -> Dataflow:
    source = plan.read()
    settings = plan.settings_for(source)
    names = vocabulary(settings)
    sinks: dict[str, Sink[Any]] = {"digest": TallySink(tally, names)}
    aligned_sinks: dict[str, Sink[Any]] = {"aligned_digest": AlignedTallySink(tally)}
    if plan.out is not None:
        sinks["parquet"] = ParquetSink(staging, names)
        aligned_sinks["parquet_decided"] = AlignedParquetSink(staging, names)
    if plan.database_url and plan.redis_url:
        from flows.sinks.ledger import LedgerSink
        from flows.sinks.market import MarketSink

        sinks["market"] = MarketSink(plan.database_url, names)
        aligned_sinks["ledger"] = LedgerSink(plan.database_url, plan.redis_url, names)
    return recipe(
        ErrorRecordingSource(source.source(), note),
        sinks,
        settings,
        intelligence=plan.intelligence,
        aligned_sinks=aligned_sinks,
        from_bars=source.kind == "bars",
    )


def _markets(plan: Plan, tally: Path, staging: Path, note: Path) -> Dataflow:
    source = plan.read_markets()
    names, out = prediction.vocabulary(plan.market_settings), None if plan.out is None else staging
    sinks = replay_markets.sinks(names, plan.finding_settings, tally, out)
    if plan.database_url and plan.redis_url:
        sinks = replay_markets.with_store(sinks, names, plan.database_url, plan.redis_url)
    return prediction.recipe(
        ErrorRecordingSource(source.source(replay_markets.message_counts_path(tally)), note),
        sinks,
        plan.market_settings,
        intelligence=plan.intelligence,
        finding_settings=plan.finding_settings,
    )


def _staging(plan: Plan, stack: ExitStack) -> Path | None:
    if plan.out is None:
        return None
    out = Path(plan.out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        # In the target directory, so that publishing is a rename on one file system.
        return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=".replay-", dir=out)))
    except OSError as problem:
        raise cannot_write(out, problem) from None


def _publish(part: _FinishedPart, out: Path) -> None:
    """Move the tables from the staging directory to `out`."""
    out.mkdir(parents=True, exist_ok=True)
    for kind in (*parquet.KINDS, *aligned_parquet.KINDS, *(finding_parquet.KINDS if part.markets else ())):
        if (out / kind).exists():
            shutil.rmtree(out / kind)
        (part.staging / kind).rename(out / kind)


def cannot_write(out: Path, problem: OSError) -> SignalEngineError:
    """The error for an output directory that is not writable."""
    return InputError(f"--out {str(out)!r} cannot be written: {problem.strerror}; name a writable directory")


def _summary(finished: Sequence[_FinishedPart], seconds: float) -> Summary:
    first, *others = finished
    tally = first.tally
    for other in others:
        tally.merge(other.tally)
    markets = next((part.markets for part in finished if part.markets), None)
    digests = [tally.digest, *([markets.digest] if markets else [])]
    trades = sum(part.tally.accepted for part in finished if part.of_trades)
    return Summary(
        trades=trades,
        input_bars=tally.accepted - trades,
        duplicates=tally.duplicates + (markets.repeated if markets else 0),
        late=tally.late,
        rejects=tally.rejects,
        gaps=tally.gaps,
        bars=tally.bars,
        events=tally.events,
        candidates=tally.candidates,
        signals=tally.signals,
        outcomes=tally.outcomes,
        seconds=round(seconds, 3),
        trades_per_second=round(trades / seconds),
        digest=tally.digest if len(digests) == 1 else sha256("".join(digests).encode()).hexdigest(),
        prediction=markets,
    )
