"""Processes of a replay: run several workers that exchange blocks over loopback, and report their errors."""

import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
from bytewax.inputs import FixedPartitionedSource

from domain import errors
from domain.errors import ServiceError, SignalEngineError


class ErrorRecordingSource(FixedPartitionedSource[Any, Any]):
    """A source that writes its errors to a file: in a cluster, Bytewax turns an exception into a bare panic."""

    def __init__(self, source: FixedPartitionedSource[Any, Any], note: Path) -> None:
        self._source, self._note = source, note

    def list_parts(self) -> list[str]:
        """The partitions of the source."""
        return self._source.list_parts()

    def build_part(self, step_id: str, for_part: str, resume_state: Any) -> Any:
        """The partition of the source, with its errors recorded."""
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


def run_processes(plan: bytes, workers: int, scratch: Path, staging: Path) -> None:
    """Run a plan in `workers` processes of `flows.replay_worker`.

    Raises
    ------
    SignalEngineError
        The error of the first worker that recorded one.
    """
    (scratch / "plan.json").write_bytes(plan)
    addresses = free_addresses(workers)
    command = [sys.executable, "-m", "flows.replay_worker", str(scratch), str(staging), ";".join(addresses)]
    running = [
        subprocess.Popen([*command, str(number)], stderr=subprocess.PIPE, text=True) for number in range(workers)
    ]
    try:
        failed = [(worker.communicate()[1], worker.returncode) for worker in running]
    finally:
        for worker in running:
            if worker.poll() is None:
                worker.kill()
                worker.wait()
    if any(code for _, code in failed):
        _raise_first(scratch, failed)


def _raise_first(scratch: Path, failed: list[tuple[str, int]]) -> None:
    """Raise the first recorded error; the other workers only report that a peer was lost."""
    for note in sorted(scratch.glob("error-*.json")):
        kind, text = msgspec.json.decode(note.read_bytes(), type=tuple[str, str])
        raise getattr(errors, kind, SignalEngineError)(text)
    output = "\n".join(text for text, code in failed if code)
    raise ServiceError(f"a worker of the replay crashed: {output.strip()[-2000:]}")


def free_addresses(count: int) -> list[str]:
    """Free `host:port` addresses on loopback, for the processes of a cluster."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    addresses = [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    for each in sockets:
        each.close()
    return addresses
