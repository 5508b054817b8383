"""Doorman: one listening socket for several processes, and new processes without a closed door.

The kernel would spread connections by chance, and drop those that wait at a process which stops. So the
parent accepts, and hands each connection to the worker with the fewest clients. It reads nothing and
keeps nothing; a connection costs it some 30 microseconds, once.

SIGHUP starts new workers; when they are ready they get what comes, and the old ones send their clients
away, each after another while. SIGTERM stops.
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

ACCEPTED_AT_ONCE = 64
RESTART_PAUSE_S = 1.0
"""Before a worker that died is replaced, so that one that cannot start does not take a core."""
PATIENCE_S = 5.0
"""How long a connection is kept for workers that are too busy to take it."""
STOP_S = 15.0
"""How long workers may take to stop."""
READY = b"ready"

log = logging.getLogger("api")


@dataclass(eq=False)
class Worker:
    """One process.

    Attributes
    ----------
    line
        What goes to it are connections; what comes from it are its counts of clients.
    place
        Of its page of metrics; whoever comes after it goes on from there.
    clients
        As it said last, and those that it was handed since.
    """

    process: subprocess.Popen[bytes]
    line: socket.socket
    place: int
    clients: int = 0
    is_ready: bool = False
    is_leaving: bool = False

    @property
    def is_able(self) -> bool:
        """Whether it takes connections."""
        return self.is_ready and self.line.fileno() >= 0 and self.process.poll() is None


class Doorman:
    """Accepts for workers.

    Parameters
    ----------
    listener
        The one socket.
    processes
        How many workers.
    steady_s
        Reads a clock that only goes forward, in seconds.
    """

    def __init__(self, listener: socket.socket, processes: int, steady_s: Callable[[], float]) -> None:
        self._listener = listener
        self._processes = processes
        self._steady_s = steady_s
        self._selector = selectors.DefaultSelector()
        self._workers: list[Worker] = []
        self._pages = TemporaryDirectory(prefix="signalengine-")
        self._asked: set[int] = set()
        self._replace_at_s = 0.0
        self._has_opened = False
        self._is_open = False

    def run(self, opened: Callable[[], None]) -> int:
        """Serve until told to stop; `opened` is called when the first workers are ready. Gives the exit status."""
        self._listener.settimeout(0)
        heard, told = socket.socketpair()
        told.settimeout(0)
        heard.settimeout(0)
        before = signal.set_wakeup_fd(told.fileno())
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda number, _frame: self._asked.add(number))
        self._selector.register(heard, selectors.EVENT_READ, heard)
        try:
            self._start(self._processes)
            return self._serve(heard, opened)
        finally:
            self._stop()
            signal.set_wakeup_fd(before)
            heard.close()
            told.close()
            self._selector.close()
            self._pages.cleanup()

    def _serve(self, heard: socket.socket, opened: Callable[[], None]) -> int:
        while not self._asked & {signal.SIGTERM, signal.SIGINT}:
            for key, _ in self._selector.select(timeout=0.5):
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj is heard:
                    heard.recv(64)
                else:
                    self._hear(key.data)
            if not self._has_opened and len(self._takers()) == self._processes:
                self._has_opened = True
                opened()
            self._open_or_close()
            status = self._look_after()
            if status is not None:
                return status
        return 0

    def _open_or_close(self) -> None:
        """Accept only while somebody takes; who calls meanwhile waits in the kernel."""
        should = self._has_opened and bool(self._takers())
        if should and not self._is_open:
            self._selector.register(self._listener, selectors.EVENT_READ)
        elif self._is_open and not should:
            self._selector.unregister(self._listener)
        self._is_open = should

    def _start(self, count: int) -> None:
        for _ in range(count):
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            ours.settimeout(0)
            taken = {worker.place for worker in self._workers}
            place = next(place for place in itertools.count() if place not in taken)
            page = Path(self._pages.name, f"{place}.page")
            command = [sys.executable, "-m", "api", "--worker", str(theirs.fileno()), "--page", str(page)]
            with theirs:
                process = subprocess.Popen(command, pass_fds=[theirs.fileno()])
            worker = Worker(process, ours, place)
            self._workers.append(worker)
            self._selector.register(ours, selectors.EVENT_READ, worker)

    def _takers(self) -> list[Worker]:
        """The workers of the newest generation once all of them can, until then those that there are."""
        able = [worker for worker in self._workers if worker.is_able]
        newest = [worker for worker in able if not worker.is_leaving]
        return newest if len(newest) >= self._processes else able

    def _accept(self) -> None:
        for _ in range(ACCEPTED_AT_ONCE):
            if not self._takers():  # they ended since the caller came, who can wait for the next
                return
            try:
                connection, _ = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as problem:  # it left while it waited, or there are too many open files
                log.warning("accept_failed error=%s", problem)
                return
            with connection:
                if not self._give(connection):
                    log.error("connection_dropped reason=no worker took it")

    def _give(self, connection: socket.socket) -> bool:
        """Hand a connection to the worker with the fewest clients that takes it; whether one did."""
        end_s = self._steady_s() + PATIENCE_S
        while self._steady_s() < end_s and (takers := self._takers()):
            for worker in sorted(takers, key=lambda one: one.clients):
                try:
                    _hand(worker, connection)
                except BlockingIOError:
                    continue  # it is too busy to take what it was given
                except OSError:  # it is gone
                    self._let_go(worker)
                else:
                    return True
            if busy := [worker.line for worker in takers if worker.is_able]:
                select.select([], busy, [], PATIENCE_S)
        return False

    def _hear(self, worker: Worker) -> None:
        """Its count of clients, or that it is gone."""
        if worker.line.fileno() < 0:  # it was let go after its word had come
            return
        said = b""
        with suppress(ConnectionError):
            said = worker.line.recv(64)
        if said == READY:
            worker.is_ready = True
            if all(one.is_ready for one in self._workers):
                for old in self._workers:
                    if old.is_leaving:
                        self._let_go(old)
        elif said:
            worker.clients = int(said)
        else:
            self._let_go(worker)

    def _let_go(self, worker: Worker) -> None:
        """It gets no more connections, and knows by that that it is to leave."""
        if worker.line.fileno() >= 0:
            self._selector.unregister(worker.line)
            worker.line.close()

    def _look_after(self) -> int | None:
        """Renew the workers if asked, replace one that died; the exit status if there is nothing to serve with."""
        if signal.SIGHUP in self._asked:
            self._asked.discard(signal.SIGHUP)
            log.info("restarting workers=%d", self._processes)
            for worker in self._workers:
                worker.is_leaving = True
            self._start(self._processes)
        for worker in list(self._workers):
            status = worker.process.poll()
            if status is None:
                continue
            self._let_go(worker)
            self._workers.remove(worker)
            if worker.is_leaving:
                continue
            if not self._has_opened:
                return status or 1
            log.error("worker_died status=%s", status)
            self._replace_at_s = self._steady_s() + RESTART_PAUSE_S
        missing = self._processes - sum(not worker.is_leaving for worker in self._workers)
        if missing and self._steady_s() >= self._replace_at_s:
            self._start(missing)
        return None

    def _stop(self) -> None:
        self._listener.close()
        for worker in self._workers:
            self._let_go(worker)
            worker.process.terminate()
        end_s = self._steady_s() + STOP_S
        for worker in self._workers:
            try:
                worker.process.wait(max(0.0, end_s - self._steady_s()))
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()


def _hand(worker: Worker, connection: socket.socket) -> None:
    """Give the connection to the worker."""
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [connection.fileno()]))]
    worker.line.sendmsg([b"c"], rights)
    worker.clients += 1
