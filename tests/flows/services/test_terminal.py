"""Lines scroll, the status line is overwritten, and a closed terminal is ignored."""

import io

from flows.services.terminal import Terminal


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


class Gone(io.StringIO):
    def write(self, text: str, /) -> int:
        raise OSError(5, "Input/output error")


def test_plain_stream_gets_lines_only() -> None:
    stream = io.StringIO()
    terminal = Terminal(stream)
    terminal.update_status("engine 3%")
    terminal.print_line("ready")
    assert stream.getvalue() == "ready\n"


def test_status_line_stays_last() -> None:
    stream = Tty()
    terminal = Terminal(stream)
    terminal.update_status("engine 3%")
    terminal.print_line("ready")
    terminal.update_status("engine 4%")
    assert stream.getvalue() == "\r\x1b[Kengine 3%\r\x1b[Kready\nengine 3%\r\x1b[Kengine 4%"


def test_current_line_is_cut_to_the_width() -> None:
    stream = Tty()
    Terminal(stream).update_status("x" * 10_000)
    assert len(stream.getvalue()) < 1000


def test_closed_terminal_is_no_error() -> None:
    Terminal(Gone()).print_line("ready")
