"""Replay: files through the very dataflows that run live, as fast as they can be read.

Traded instruments go through `flows.signals`, prediction markets through `flows.prediction`; what a file holds is
told by its content. With one worker the flow runs in this process; with more, each worker is a process of its
own, and they exchange blocks over loopback. Conclusions are written aside and put in place when all has ended
well, so that nothing is ever half written.
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
from flows.replay_processes import Noting, run_processes
from flows.settings import EngineSettings
from flows.signals import recipe, vocabulary
from flows.sinks import finding_parquet, parquet
from flows.sinks import together as decided
from flows.sinks.parquet import ParquetSink
from flows.sinks.tally import AlignedTallySink, Tally, TallySink, begin_tally, read_tally
from flows.sources.files import Files, files
from flows.sources.formats import holds_markets
from flows.sources.market_files import MarketFiles

EPOCH = timedelta(milliseconds=100)
"""Bytewax holds a source back only between epochs, so this bounds the blocks that wait in memory."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to replay, and where to.

    Attributes
    ----------
    paths
        Recordings or tables; see flows.sources.files.
    mapping, instrument, frame, end_ns, rejected_share_max
        How to read them; see there.
    settings, intelligence
        What decides the output.
    market_settings, eyes
        The same of prediction markets (`flows.prediction`).
    pairs
        The mapping file of pairs across venues; see `domain.pairs.read_pairs`.
    markets
        Whether the files hold prediction markets; see `parts`.
    out
        Folder for Parquet; None writes none.
    database_url, redis_url
        Where to write signals as the engine does; None writes none.
    workers
        Processes.
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
    eyes: prediction.Eyes = prediction.EYES
    pairs: str | None = None
    markets: bool = False
    out: str | None = None
    database_url: str | None = None
    redis_url: str | None = None
    workers: int = 1

    def parts(self) -> "list[Plan]":
        """The plan by what its files hold: traded instruments, and prediction markets.

        Raises
        ------
        InputError
            If a file cannot be opened.
        """
        told = {path: holds_markets(Path(path)) for path in self.paths}
        both = [([path for path in self.paths if told[path] == kind], kind) for kind in (False, True)]
        return [msgspec.structs.replace(self, paths=paths, markets=kind) for paths, kind in both if paths or not told]

    def read_markets(self) -> MarketFiles:
        """The input of prediction markets."""
        paths = [Path(path).absolute() for path in self.paths]
        pairs = read_pairs(Path(self.pairs)) if self.pairs else []
        return MarketFiles(paths, end_ns=self.end_ns, rejected_share_max=self.rejected_share_max, pairs=pairs)

    def read(self) -> Files:
        """The input, checked as far as can be without reading it all."""
        return files(
            self.paths,
            instrument=self.instrument,
            mapping=self.mapping,
            frame=Frame.parse(self.frame) if self.frame else None,
            end_ns=self.end_ns,
            rejected_share_max=self.rejected_share_max,
        )

    def settings_for(self, source: Files) -> EngineSettings:
        """The settings as far as they suit the input: bars cannot be made finer than they are."""
        return self.settings if source.base is None else self.settings.over(source.base)


class Summary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a replay took in and concluded; what `--json` prints."""

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
    """Run the plan.

    Raises
    ------
    SetupError
        If an input or a setting cannot be used.
    RejectLimitError
        If too much of the input was rejected.
    ServiceError
        If Postgres or Redis was asked for and cannot be had.
    """
    began = time.perf_counter()
    with ExitStack() as stack:
        done = [_run(part, stack) for part in plan.parts()]
        for each in done:
            if plan.out is not None:
                # Both have the same kinds of tables, with columns of their own.
                _put_in_place(each, Path(plan.out, *(["prediction"] if each.markets and len(done) > 1 else [])))
    return _summary(done, time.perf_counter() - began)


class _Done(NamedTuple):
    """A part of a plan that was run."""

    tally: Tally
    of_trades: bool
    staging: Path
    markets: MarketSummary | None


def _run(plan: Plan, stack: ExitStack) -> _Done:
    of_trades, words = True, prediction.vocabulary(plan.market_settings)
    if not plan.markets:
        source = plan.read()
        of_trades, words = source.kind == "trades", vocabulary(plan.settings_for(source))
    scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="replay-")))
    (scratch / "tally").mkdir()
    begin_tally(scratch / "tally", words)
    replay_markets.begin(scratch / "tally")
    staging = _staging(plan, stack) or scratch / "parquet"
    if plan.workers == 1:
        run_worker(plan, scratch, staging, 0, [])
    else:
        run_processes(msgspec.json.encode(plan), plan.workers, scratch, staging)
    if plan.out is not None:
        parquet.complete(staging, words)
        decided.complete(staging, words)
        if plan.markets:
            finding_parquet.complete(staging)
    tally = read_tally(scratch / "tally")
    markets = replay_markets.summary(scratch / "tally", plan.read_markets(), plan.eyes) if plan.markets else None
    return _Done(tally, of_trades, staging, markets)


def run_worker(plan: Plan, scratch: Path, staging: Path, number: int, addresses: Sequence[str]) -> None:
    """Run one worker of the plan to the end of its input."""
    note = scratch / f"error-{number}.json"
    flow = (_markets if plan.markets else _instruments)(plan, scratch / "tally", staging, note)
    cluster.run(flow, epoch=EPOCH, addresses=addresses, number=number)


def _instruments(plan: Plan, tally: Path, staging: Path, note: Path) -> Dataflow:
    source = plan.read()
    settings = plan.settings_for(source)
    words = vocabulary(settings)
    sinks: dict[str, Sink[Any]] = {"digest": TallySink(tally, words)}
    together: dict[str, Sink[Any]] = {"aligned_digest": AlignedTallySink(tally)}
    if plan.out is not None:
        sinks["parquet"] = ParquetSink(staging, words)
        together["parquet_decided"] = decided.TogetherSink(staging, words)
    if plan.database_url and plan.redis_url:
        from flows.sinks.ledger import LedgerSink
        from flows.sinks.market import MarketSink

        sinks["market"] = MarketSink(plan.database_url, words)
        together["ledger"] = LedgerSink(plan.database_url, plan.redis_url, words)
    return recipe(
        Noting(source.source(), note),
        sinks,
        settings,
        intelligence=plan.intelligence,
        aligned_sinks=together,
        from_bars=source.kind == "bars",
    )


def _markets(plan: Plan, tally: Path, staging: Path, note: Path) -> Dataflow:
    source = plan.read_markets()
    words, out = prediction.vocabulary(plan.market_settings), None if plan.out is None else staging
    sinks = replay_markets.sinks(words, plan.eyes, tally, out)
    if plan.database_url and plan.redis_url:
        sinks = replay_markets.with_store(sinks, words, plan.database_url, plan.redis_url)
    return prediction.recipe(
        Noting(source.source(replay_markets.heard_in(tally)), note),
        sinks,
        plan.market_settings,
        intelligence=plan.intelligence,
        eyes=plan.eyes,
    )


def _staging(plan: Plan, stack: ExitStack) -> Path | None:
    if plan.out is None:
        return None
    out = Path(plan.out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        # Beside the target, so that putting it in place is a rename.
        return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=".replay-", dir=out)))
    except OSError as problem:
        raise cannot_write(out, problem) from None


def _put_in_place(done: _Done, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for kind in (*parquet.KINDS, *decided.KINDS, *(finding_parquet.KINDS if done.markets else ())):
        if (out / kind).exists():
            shutil.rmtree(out / kind)
        (done.staging / kind).rename(out / kind)


def cannot_write(out: Path, problem: OSError) -> SignalEngineError:
    """What to say of a folder that nothing can be written to."""
    return InputError(f"--out {str(out)!r} cannot be written: {problem.strerror}; name a folder that can")


def _summary(done: Sequence[_Done], seconds: float) -> Summary:
    first, *others = done
    tally = first.tally
    for other in others:
        tally.merge(other.tally)
    markets = next((each.markets for each in done if each.markets), None)
    digests = [tally.digest, *([markets.digest] if markets else [])]
    trades = sum(each.tally.accepted for each in done if each.of_trades)
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
