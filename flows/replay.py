"""Replay: files through the very dataflow that runs live, as fast as they can be read.

With one worker the flow runs in this process; with more, each worker is a process of its own, and
they exchange blocks over loopback. Conclusions are written aside and put in place when all has ended
well, so that nothing is ever half written.
"""

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
from bytewax.inputs import FixedPartitionedSource
from bytewax.outputs import Sink

from domain import errors
from domain.errors import InputError, ServiceError, SignalEngineError
from domain.frames import Frame
from flows import cluster
from flows.intelligence import Intelligence
from flows.settings import EngineSettings
from flows.signals import recipe, vocabulary
from flows.sinks import parquet
from flows.sinks import together as decided
from flows.sinks.parquet import ParquetSink
from flows.sinks.tally import AlignedTallySink, Tally, TallySink, begin_tally, read_tally
from flows.sources.files import Files, files

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
    out: str | None = None
    database_url: str | None = None
    redis_url: str | None = None
    workers: int = 1

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


class Summary(msgspec.Struct, frozen=True, kw_only=True):
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
    source = plan.read()
    settings = plan.settings_for(source)
    began = time.perf_counter()
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="replay-")))
        (scratch / "tally").mkdir()
        begin_tally(scratch / "tally", vocabulary(settings))
        staging = _staging(plan, stack) or scratch / "parquet"
        if plan.workers == 1:
            run_worker(plan, scratch, staging, 0, [])
        else:
            _run_processes(plan, scratch, staging)
        tally = read_tally(scratch / "tally")
        if plan.out is not None:
            parquet.complete(staging, vocabulary(settings))
            decided.complete(staging, vocabulary(settings))
            _put_in_place(staging, Path(plan.out))
    return _summary(tally, source.kind, time.perf_counter() - began)


def run_worker(plan: Plan, scratch: Path, staging: Path, number: int, addresses: Sequence[str]) -> None:
    """Run one worker of the plan to the end of its input."""
    source = plan.read()
    settings = plan.settings_for(source)
    words = vocabulary(settings)
    sinks: dict[str, Sink[Any]] = {"digest": TallySink(scratch / "tally", words)}
    together: dict[str, Sink[Any]] = {"aligned_digest": AlignedTallySink(scratch / "tally")}
    if plan.out is not None:
        sinks["parquet"] = ParquetSink(staging, words)
        together["parquet_decided"] = decided.TogetherSink(staging, words)
    if plan.database_url and plan.redis_url:
        from flows.sinks.ledger import LedgerSink
        from flows.sinks.market import MarketSink

        sinks["market"] = MarketSink(plan.database_url, words)
        together["ledger"] = LedgerSink(plan.database_url, plan.redis_url, words)
    log = Noting(source.source(), scratch / f"error-{number}.json")
    flow = recipe(
        log, sinks, settings, intelligence=plan.intelligence, aligned_sinks=together, from_bars=source.kind == "bars"
    )
    cluster.run(flow, epoch=EPOCH, addresses=addresses, number=number)


class Noting(FixedPartitionedSource[Any, Any]):
    """A source that writes down why it failed: of an exception in a cluster only a panic comes out."""

    def __init__(self, source: FixedPartitionedSource[Any, Any], note: Path) -> None:
        self._source, self._note = source, note

    def list_parts(self) -> list[str]:
        """Those of the source."""
        return self._source.list_parts()

    def build_part(self, step_id: str, for_part: str, resume_state: Any) -> Any:
        """That of the source, with its errors noted."""
        part = self._source.build_part(step_id, for_part, resume_state)
        read = part.next_batch

        def next_batch() -> Any:
            try:
                return read()
            except SignalEngineError as problem:
                self._note.write_bytes(msgspec.json.encode((type(problem).__name__, str(problem))))
                raise

        part.next_batch = next_batch  # type: ignore[method-assign]
        return part


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


def _put_in_place(staging: Path, out: Path) -> None:
    for kind in (*parquet.KINDS, *decided.KINDS):
        if (out / kind).exists():
            shutil.rmtree(out / kind)
        (staging / kind).rename(out / kind)


def cannot_write(out: Path, problem: OSError) -> SignalEngineError:
    """What to say of a folder that nothing can be written to."""
    return InputError(f"--out {str(out)!r} cannot be written: {problem.strerror}; name a folder that can")


def _run_processes(plan: Plan, scratch: Path, staging: Path) -> None:
    (scratch / "plan.json").write_bytes(msgspec.json.encode(plan))
    addresses = free_addresses(plan.workers)
    command = [sys.executable, "-m", "flows.replay_worker", str(scratch), str(staging), ";".join(addresses)]
    workers = [
        subprocess.Popen([*command, str(number)], stderr=subprocess.PIPE, text=True) for number in range(plan.workers)
    ]
    try:
        failed = [(worker.communicate()[1], worker.returncode) for worker in workers]
    finally:
        for worker in workers:
            if worker.poll() is None:
                worker.kill()
                worker.wait()
    if any(code for _, code in failed):
        _raise_first(scratch, failed)


def _raise_first(scratch: Path, failed: list[tuple[str, int]]) -> None:
    """Raise what the first of the failed workers could say; its peers only saw it die."""
    for note in sorted(scratch.glob("error-*.json")):
        kind, text = msgspec.json.decode(note.read_bytes(), type=tuple[str, str])
        raise getattr(errors, kind, SignalEngineError)(text)
    said = "\n".join(text for text, code in failed if code)
    raise ServiceError(f"a worker of the replay died: {said.strip()[-2000:]}")


def free_addresses(count: int) -> list[str]:
    """`host:port` on loopback that nobody listens on, for the processes of a cluster."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    addresses = [f"127.0.0.1:{each.getsockname()[1]}" for each in held]
    for each in held:
        each.close()
    return addresses


def _summary(tally: Tally, kind: str, seconds: float) -> Summary:
    trades = tally.accepted if kind == "trades" else 0
    return Summary(
        trades=trades,
        input_bars=tally.accepted - trades,
        duplicates=tally.duplicates,
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
        digest=tally.digest,
    )
