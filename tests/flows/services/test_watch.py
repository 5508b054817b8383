"""The live display prints each new signal once, and the state of the processes."""

import io
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from domain.signals import Signal
from flows.services.home import Home, Instance
from flows.services.process import write_record
from flows.services.terminal import Terminal
from flows.services.watch import Watch
from tests.flows.services.window import Window

AT = datetime(2024, 8, 8, 12, tzinfo=UTC)


def signal(number: int) -> Signal:
    return Signal(
        id=f"{number:032x}",
        venue="sim",
        symbol="BTCUSDT",
        market_slug="btcusdt",
        signal_type="breakout",
        timeframe="5m",
        direction="long",
        detected_at=AT + timedelta(minutes=5 * number),
        entry_price=100.5,
        take_profit=102.0,
        stop_loss=99.0,
        expires_at=AT + timedelta(hours=4),
        status="emitted",
        suppressed_reason=None,
        raw_confidence=0.71,
        mtf_aligned=True,
        mtf_score=0.8,
        mtf_details={},
        events=[],
        features={},
        reason="Broke out.",
        simulated=True,
    )


def test_each_new_signal_is_shown_once_in_order(tmp_path: Path, window: Window) -> None:
    stream, now = io.StringIO(), 0.0
    watch = Watch(Home(tmp_path), Terminal(stream), lambda: now)
    window.signals = [signal(1)]
    watch.start(Instance(url=window.url, metrics_url="", venue="sim"))
    for numbers in ([1], [3, 2, 1], [3, 2, 1]):
        window.signals = [signal(number) for number in numbers]
        watch.tick()
        now += 2.0
    assert stream.getvalue().splitlines() == [
        "",  # the processes: there are none
        "08-08 12:10  simulated  breakout 0.71  Broke out.",
        "08-08 12:15  simulated  breakout 0.71  Broke out.",
    ]


def test_flood_of_signals_is_summarised(tmp_path: Path, window: Window) -> None:
    stream = io.StringIO()
    watch = Watch(Home(tmp_path), Terminal(stream), lambda: 0.0)
    watch.start(Instance(url=window.url, metrics_url="", venue="sim"))
    window.signals = [signal(number) for number in range(20)]
    watch.tick()
    assert stream.getvalue().splitlines()[0] == "(more signals than can be shown)"


def test_unreachable_api_is_no_error(tmp_path: Path) -> None:
    watch = Watch(Home(tmp_path), Terminal(io.StringIO()), lambda: 0.0)
    watch.start(Instance(url="http://127.0.0.1:1", metrics_url="", venue="sim"))
    watch.tick()


def test_processes_are_printed_once_a_minute_without_a_terminal(tmp_path: Path) -> None:
    home, stream, now = Home(tmp_path), io.StringIO(), 0.0
    home.create()
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as engine:
        write_record(home.record("engine"), engine.pid, ["engine"])
        write_record(home.record("api"), engine.pid, ["api"])
        watch = Watch(home, Terminal(stream), lambda: now)
        for now in (0.0, 59.0, 60.0):  # noqa: B007  the clock of the watch
            watch.tick()
        engine.kill()
    lines = stream.getvalue().splitlines()
    assert len(lines) == 2
    assert all(re.fullmatch(r"api \d+% \d+ MB · engine \d+% \d+ MB", line) for line in lines)
