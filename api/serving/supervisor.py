"""Supervisor: one listening socket for several worker processes, and rolling restarts that refuse no connection.

With a socket per worker the kernel would distribute connections at random, and drop those that are queued
at a worker that stops. Therefore this process accepts all connections and passes each one to the worker with
the fewest clients. It reads nothing from them and stores nothing; a connection costs it some 30 microseconds,
once.

SIGHUP starts new workers. When all of them are ready they receive the new connections, and the old workers
ask their clients to reconnect, spread over some seconds. SIGTERM and SIGINT stop the server.
"""

import array
import itertools
import logging
import select
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ACCEPT_BATCH = 64
RESTART_DELAY_S = 1.0
"""Before a worker that died is replaced, so that one that cannot start does not occupy a core."""
DISPATCH_TIMEOUT_S = 5.0
"""How long a connection is held while all workers are too busy to take it."""
STOP_TIMEOUT_S = 15.0
"""How long workers may take to stop before they are killed."""
READY = b"ready"

log = logging.getLogger("api")


@dataclass(eq=False)
class Worker:
    """One worker process, as the supervisor sees it.

    Attributes
    ----------
    control
        Connections are passed to the worker over this socket; the worker reports its number of clients.
    slot
        Numbers its metrics file; a worker that takes over the slot continues from that file.
    clients
        The number last reported, plus the connections passed since.
    is_retiring
        Of an older generation; it stops once all of the newest are available.
    """

    process: subprocess.Popen[bytes]
    control: socket.socket
    slot: int
    clients: int = 0
    is_ready: bool = False
    is_retiring: bool = False

    @property
    def is_available(self) -> bool:
        """Whether it can take connections."""
        return self.is_ready and self.control.fileno() >= 0 and self.process.poll() is None


class Supervisor:
    """Accepts connections for a number of worker processes, and starts and replaces these.

    Parameters
    ----------
    listener
        The listening socket.
    processes
        Number of workers.
    steady_s
        Reads a monotonic clock, in seconds.
    """

    def __init__(self, listener: socket.socket, processes: int, steady_s: Callable[[], float]) -> None:
        self._listener = listener
        self._processes = processes
        self._steady_s = steady_s
        self._selector = selectors.DefaultSelector()
        self._workers: list[Worker] = []
        self._metrics_directory = TemporaryDirectory(prefix="signalengine-")
        self._pending_signals: set[int] = set()
        self._replace_at_s = 0.0
        self._has_started = False
        self._is_accepting = False

    def run(self, on_ready: Callable[[], None]) -> int:
        """Serve until a signal asks to stop; return the exit status. Call `on_ready` once all workers are ready."""
        self._listener.settimeout(0)
        wakeup_reader, wakeup_writer = socket.socketpair()
        wakeup_writer.settimeout(0)
        wakeup_reader.settimeout(0)
        previous_fd = signal.set_wakeup_fd(wakeup_writer.fileno())
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda number, _frame: self._pending_signals.add(number))
        self._selector.register(wakeup_reader, selectors.EVENT_READ, wakeup_reader)
        try:
            self._start(self._processes)
            return self._serve(wakeup_reader, on_ready)
        finally:
            self._stop()
            signal.set_wakeup_fd(previous_fd)
            wakeup_reader.close()
            wakeup_writer.close()
            self._selector.close()
            self._metrics_directory.cleanup()

    def _serve(self, wakeup_reader: socket.socket, on_ready: Callable[[], None]) -> int:
        while not self._pending_signals & {signal.SIGTERM, signal.SIGINT}:
            for key, _ in self._selector.select(timeout=0.5):
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj is wakeup_reader:
                    wakeup_reader.recv(64)
                else:
                    self._read_report(key.data)
            if not self._has_started and len(self._available()) == self._processes:
                self._has_started = True
                on_ready()
            self._toggle_accepting()
            self._retire_workers()
            status = self._maintain_workers()
            if status is not None:
                return status
        return 0

    def _toggle_accepting(self) -> None:
        """Accept only while a worker is available; until then connections wait in the kernel's queue."""
        should_accept = self._has_started and bool(self._available())
        if should_accept and not self._is_accepting:
            self._selector.register(self._listener, selectors.EVENT_READ)
        elif self._is_accepting and not should_accept:
            self._selector.unregister(self._listener)
        self._is_accepting = should_accept

    def _start(self, count: int) -> None:
        for _ in range(count):
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            ours.settimeout(0)
            occupied = {worker.slot for worker in self._workers}
            slot = next(slot for slot in itertools.count() if slot not in occupied)
            metrics = Path(self._metrics_directory.name, f"{slot}.metrics")
            command = [sys.executable, "-m", "api", "--worker", str(theirs.fileno()), "--metrics-file", str(metrics)]
            with theirs:
                process = subprocess.Popen(command, pass_fds=[theirs.fileno()])
            worker = Worker(process, ours, slot)
            self._workers.append(worker)
            self._selector.register(ours, selectors.EVENT_READ, worker)

    def _newest(self) -> list[Worker]:
        """The available workers of the newest generation."""
        return [worker for worker in self._workers if worker.is_available and not worker.is_retiring]

    def _available(self) -> list[Worker]:
        """The workers to pass connections to: the newest once all of them are available, until then all that are."""
        newest = self._newest()
        if len(newest) >= self._processes:
            return newest
        return [worker for worker in self._workers if worker.is_available]

    def _retire_workers(self) -> None:
        """Let the workers of older generations drain and stop, once all of the newest are available."""
        if len(self._newest()) >= self._processes:
            for worker in self._workers:
                if worker.is_retiring:
                    self._close_control(worker)

    def _accept(self) -> None:
        for _ in range(ACCEPT_BATCH):
            if not self._available():  # they ended since the event; the connection stays queued for the next worker
                return
            try:
                connection, _ = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as problem:  # the client left while it was queued, or there are too many open files
                log.warning("accept_failed error=%s", problem)
                return
            with connection:
                if not self._dispatch(connection):
                    log.error("connection_dropped reason=no worker took it")

    def _dispatch(self, connection: socket.socket) -> bool:
        """Pass a connection to the worker with the fewest clients that can take it; return whether one did."""
        deadline_s = self._steady_s() + DISPATCH_TIMEOUT_S
        while self._steady_s() < deadline_s and (available := self._available()):
            for worker in sorted(available, key=lambda worker: worker.clients):
                try:
                    _pass_connection(worker, connection)
                except BlockingIOError:
                    continue  # too busy to read what it was passed before
                except OSError:  # it ended
                    self._close_control(worker)
                else:
                    return True
            if busy := [worker.control for worker in available if worker.is_available]:
                select.select([], busy, [], DISPATCH_TIMEOUT_S)
        return False

    def _read_report(self, worker: Worker) -> None:
        """Read that a worker is ready, or its number of clients, or that it closed its end."""
        if worker.control.fileno() < 0:  # closed earlier in this round of events
            return
        report = b""
        with suppress(ConnectionError):
            report = worker.control.recv(64)
        if report == READY:
            worker.is_ready = True
        elif report:
            worker.clients = int(report)
        else:
            self._close_control(worker)

    def _close_control(self, worker: Worker) -> None:
        """Pass no more connections to a worker, which makes it drain its clients and stop."""
        if worker.control.fileno() >= 0:
            self._selector.unregister(worker.control)
            worker.control.close()

    def _maintain_workers(self) -> int | None:
        """Renew all workers after SIGHUP and replace any that died; the exit status if the first ones cannot start."""
        if signal.SIGHUP in self._pending_signals:
            self._pending_signals.discard(signal.SIGHUP)
            log.info("restarting workers=%d", self._processes)
            for worker in self._workers:
                worker.is_retiring = True
            self._start(self._processes)
        for worker in list(self._workers):
            status = worker.process.poll()
            if status is None:
                continue
            self._close_control(worker)
            self._workers.remove(worker)
            if worker.is_retiring:
                continue
            if not self._has_started:
                return status or 1
            log.error("worker_died status=%s", status)
            self._replace_at_s = self._steady_s() + RESTART_DELAY_S
        missing = self._processes - sum(not worker.is_retiring for worker in self._workers)
        if missing and self._steady_s() >= self._replace_at_s:
            self._start(missing)
        return None

    def _stop(self) -> None:
        self._listener.close()
        for worker in self._workers:
            self._close_control(worker)
            worker.process.terminate()
        deadline_s = self._steady_s() + STOP_TIMEOUT_S
        for worker in self._workers:
            try:
                worker.process.wait(max(0.0, deadline_s - self._steady_s()))
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()


def _pass_connection(worker: Worker, connection: socket.socket) -> None:
    """Pass the file descriptor of a connection to a worker (`SCM_RIGHTS`)."""
    descriptors = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [connection.fileno()]))]
    worker.control.sendmsg([b"c"], descriptors)
    worker.clients += 1
