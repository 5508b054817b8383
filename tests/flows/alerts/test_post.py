import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.utils import formatdate
from pathlib import Path

import pytest

from flows.alerts.post import Post
from tests.flows.alerts.authority import Authority
from tests.flows.alerts.receiver import Receiver, receiver

LOOPBACK = ("127.0.0.0/8", "::1/128")


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/", "https://[::1]/", "https://10.0.0.1/", "https://192.168.1.1/", "https://169.254.169.254/",
        "https://[::ffff:127.0.0.1]/", "https://[fd00::1]/", "https://[fe80::1]/", "https://0.0.0.0/", "https://localhost/",
        "https://2130706433/", "https://0x7f.1/", "https://100.64.0.1/", "https://224.0.0.1/", "https://[ff02::1]/",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public_are_not_called(url: str) -> None:
    answer = Post((), timeout_s=1).send(url, b"{}", {})
    assert (answer.status, answer.taken) == (0, False)
    assert "is not public" in answer.detail


@pytest.mark.parametrize("url", ["", "nonsense", "ftp://1.1.1.1/", "file:///etc/passwd", "https://", "http://1.1.1.1/",
                                 "https://a:b/", "https://[::1", "https://a..b/"])  # fmt: skip
def test_what_is_no_address_is_an_answer_too(url: str) -> None:
    answer = Post((), timeout_s=1).send(url, b"{}", {})
    assert (answer.status, answer.taken) == (0, False)
    assert answer.detail


def test_name_is_held_against_what_it_resolves_to(inbox: Receiver) -> None:
    url = inbox.url.replace("127.0.0.1", "localhost")
    assert "is not public" in Post((), timeout_s=1).send(url, b"{}", {}).detail
    assert Post(("127.0.0.0/8", "::1/128"), timeout_s=5).send(url, b"{}", {"X-A": "b"}).taken
    (got,) = inbox.got
    assert (got.path, got.body, got.headers["x-a"]) == ("/hook?from=signalengine", b"{}", "b")
    assert got.headers["host"] == f"localhost:{inbox.server_port}"


def test_redirects_are_not_followed(inbox: Receiver) -> None:
    inbox.answers.append(307)
    answer = Post(("127.0.0.0/8",), timeout_s=5).send(inbox.url, b"{}", {})
    assert (answer.status, answer.taken, len(inbox.got)) == (307, False, 1)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("7", 7.0), ("0.25", 0.25), ("999999", 999999.0), ("soon", None), ("-1", None), ("", None), ("٣", None),
        ("9" * 40, None),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0.0), ("Fri, 31 Dec 9999 23:59:59 +9999", None),
    ],
)  # fmt: skip
def test_wish_to_be_left_alone_is_heard(inbox: Receiver, given: str, read: float | None) -> None:
    inbox.answers.append(429)
    inbox.retry_after = given.encode().decode("latin-1")
    assert Post(LOOPBACK, timeout_s=5).send(inbox.url, b"{}", {}).retry_after_s == read


def test_instant_from_which_on_to_ask_again_is_held_against_the_clock_of_who_said_it(inbox: Receiver) -> None:
    inbox.answers.append(503)
    inbox.retry_after = formatdate(time.time() + 100, usegmt=True)
    wanted_s = Post(LOOPBACK, timeout_s=5).send(inbox.url, b"{}", {}).retry_after_s
    assert wanted_s is not None
    assert 95 <= wanted_s <= 101


def test_who_does_not_answer_is_not_waited_for(inbox: Receiver) -> None:
    inbox.held.clear()
    answer = Post(LOOPBACK, timeout_s=0.2).send(inbox.url, b"{}", {})
    assert (answer.status, answer.detail) == (0, "no answer: not within 0.2 s")


@contextmanager
def speaking(first: bytes, then: bytes = b"") -> Iterator[str]:
    """A server that says `first` to one caller, and `then` every 20 ms for as long as it listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def speak() -> None:
            caller, _ = server.accept()
            with caller, suppress(OSError):
                caller.recv(65_536)
                caller.sendall(first)
                while then and not over.wait(0.02):
                    caller.sendall(then)

        over = threading.Event()
        thread = threading.Thread(target=speak)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        over.set()
        thread.join()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_who_only_trickles_is_not_waited_for(scheme: str) -> None:
    with speaking(b"\x16\x03\x03\x10\x00" if scheme == "https" else b"HTTP/1.1 20", b"0") as place:
        began_s = time.monotonic()
        answer = Post(LOOPBACK, timeout_s=0.3).send(f"{scheme}://{place}/", b"{}", {})
        assert time.monotonic() - began_s < 3
    assert answer == (0, "no answer: not within 0.3 s", None)


def test_who_has_said_what_matters_need_not_come_to_an_end() -> None:
    with speaking(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", b"a") as place:
        assert Post(LOOPBACK, timeout_s=5).send(f"http://{place}/", b"{}", {}) == (200, "", None)


@pytest.mark.parametrize(
    "said", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200]
)
def test_nonsense_is_no_answer(said: bytes) -> None:
    with speaking(said) as place:
        answer = Post(LOOPBACK, timeout_s=5).send(f"http://{place}/", b"{}", {})
    assert not answer.taken
    assert answer.detail.startswith("no answer: ")


def test_address_that_cannot_be_written_in_a_request_is_an_answer_too(inbox: Receiver) -> None:
    for path in ("/ä", "/a b", "/\x00"):
        answer = Post(LOOPBACK, timeout_s=5).send(inbox.url.replace("/hook", path), b"{}", {})
        assert (answer.status, answer.taken) == (0, False)
    assert inbox.got == []


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def test_certificate_of_an_authority_that_is_trusted_is_taken(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with receiver(authority.server("127.0.0.1")) as inbox:
        assert Post(LOOPBACK, timeout_s=5).send(inbox.url, b'{"a":1}', {"X-A": "b"}).taken
        (got,) = inbox.got
    assert (got.path, got.body, got.headers["x-a"]) == ("/hook?from=signalengine", b'{"a":1}', "b")


def test_certificate_that_nobody_vouches_for_is_refused(authority: Authority) -> None:
    with receiver(authority.server("127.0.0.1")) as inbox:
        answer = Post(LOOPBACK, timeout_s=5).send(inbox.url, b"{}", {})
        assert inbox.got == []
    assert (answer.status, answer.taken) == (0, False)
    assert "certificate verify failed" in answer.detail


@pytest.mark.parametrize(("host", "days", "why"), [("desk.example", 1, "certificate is not valid for '127.0.0.1'"),
                                                   ("127.0.0.1", -1, "certificate has expired")])  # fmt: skip
def test_certificate_of_somebody_else_or_of_yesterday_is_refused(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, host: str, days: int, why: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with receiver(authority.server(host, days=days)) as inbox:
        answer = Post(LOOPBACK, timeout_s=5).send(inbox.url, b"{}", {})
        assert inbox.got == []
    assert why in answer.detail
