import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.utils import formatdate
from pathlib import Path

import pytest

from flows.alerts.http_client import HttpClient
from tests.flows.alerts.certificate_authority import CertificateAuthority
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
def test_addresses_that_are_not_public_are_refused(url: str) -> None:
    response = HttpClient((), timeout_s=1).post(url, b"{}", {})
    assert (response.status, response.is_success) == (0, False)
    assert "is not public" in response.error


@pytest.mark.parametrize("url", ["", "nonsense", "ftp://1.1.1.1/", "file:///etc/passwd", "https://", "http://1.1.1.1/",
                                 "https://a:b/", "https://[::1", "https://a..b/"])  # fmt: skip
def test_invalid_url_is_returned_as_an_error(url: str) -> None:
    response = HttpClient((), timeout_s=1).post(url, b"{}", {})
    assert (response.status, response.is_success) == (0, False)
    assert response.error


def test_resolved_addresses_of_a_host_name_are_checked(inbox: Receiver) -> None:
    url = inbox.url.replace("127.0.0.1", "localhost")
    assert "is not public" in HttpClient((), timeout_s=1).post(url, b"{}", {}).error
    assert HttpClient(("127.0.0.0/8", "::1/128"), timeout_s=5).post(url, b"{}", {"X-A": "b"}).is_success
    (request,) = inbox.requests
    assert (request.path, request.body, request.headers["x-a"]) == ("/hook?from=signalengine", b"{}", "b")
    assert request.headers["host"] == f"localhost:{inbox.server_port}"


def test_redirects_are_not_followed(inbox: Receiver) -> None:
    inbox.responses.append(307)
    response = HttpClient(("127.0.0.0/8",), timeout_s=5).post(inbox.url, b"{}", {})
    assert (response.status, response.is_success, len(inbox.requests)) == (307, False, 1)


@pytest.mark.parametrize(
    ("retry_after", "retry_after_s"),
    [
        ("7", 7.0), ("0.25", 0.25), ("999999", 999999.0), ("soon", None), ("-1", None), ("", None), ("٣", None),
        ("9" * 40, None),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0.0), ("Fri, 31 Dec 9999 23:59:59 +9999", None),
    ],
)  # fmt: skip
def test_retry_after_is_parsed(inbox: Receiver, retry_after: str, retry_after_s: float | None) -> None:
    inbox.responses.append(429)
    inbox.retry_after = retry_after.encode().decode("latin-1")
    assert HttpClient(LOOPBACK, timeout_s=5).post(inbox.url, b"{}", {}).retry_after_s == retry_after_s


def test_retry_after_date_is_compared_with_the_date_of_the_response(inbox: Receiver) -> None:
    inbox.responses.append(503)
    inbox.retry_after = formatdate(time.time() + 100, usegmt=True)
    retry_after_s = HttpClient(LOOPBACK, timeout_s=5).post(inbox.url, b"{}", {}).retry_after_s
    assert retry_after_s is not None
    assert 95 <= retry_after_s <= 101


def test_receiver_that_does_not_respond_times_out(inbox: Receiver) -> None:
    inbox.proceed.clear()
    response = HttpClient(LOOPBACK, timeout_s=0.2).post(inbox.url, b"{}", {})
    assert (response.status, response.error) == (0, "no response: timed out after 0.2 s")


@contextmanager
def server_sending(first: bytes, then: bytes = b"") -> Iterator[str]:
    """A server that sends `first` to one client, and then `then` every 20 ms until the client disconnects."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            client, _ = server.accept()
            with client, suppress(OSError):
                client.recv(65_536)
                client.sendall(first)
                while then and not stopping.wait(0.02):
                    client.sendall(then)

        stopping = threading.Event()
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        stopping.set()
        thread.join()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_receiver_that_trickles_times_out(scheme: str) -> None:
    with server_sending(b"\x16\x03\x03\x10\x00" if scheme == "https" else b"HTTP/1.1 20", b"0") as address:
        started_s = time.monotonic()
        response = HttpClient(LOOPBACK, timeout_s=0.3).post(f"{scheme}://{address}/", b"{}", {})
        assert time.monotonic() - started_s < 3
    assert response == (0, "no response: timed out after 0.3 s", None)


def test_response_body_need_not_be_complete() -> None:
    with server_sending(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", b"a") as address:
        assert HttpClient(LOOPBACK, timeout_s=5).post(f"http://{address}/", b"{}", {}) == (200, "", None)


@pytest.mark.parametrize(
    "data", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200]
)
def test_malformed_response_is_an_error(data: bytes) -> None:
    with server_sending(data) as address:
        response = HttpClient(LOOPBACK, timeout_s=5).post(f"http://{address}/", b"{}", {})
    assert not response.is_success
    assert response.error.startswith("no response: ")


def test_url_that_cannot_be_encoded_is_returned_as_an_error(inbox: Receiver) -> None:
    for path in ("/ä", "/a b", "/\x00"):
        response = HttpClient(LOOPBACK, timeout_s=5).post(inbox.url.replace("/hook", path), b"{}", {})
        assert (response.status, response.is_success) == (0, False)
    assert inbox.requests == []


@pytest.fixture
def authority(tmp_path: Path) -> CertificateAuthority:
    return CertificateAuthority(tmp_path)


def test_certificate_of_a_trusted_authority_is_accepted(
    authority: CertificateAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with receiver(authority.server("127.0.0.1")) as inbox:
        assert HttpClient(LOOPBACK, timeout_s=5).post(inbox.url, b'{"a":1}', {"X-A": "b"}).is_success
        (request,) = inbox.requests
    assert (request.path, request.body, request.headers["x-a"]) == ("/hook?from=signalengine", b'{"a":1}', "b")


def test_certificate_of_an_unknown_authority_is_rejected(authority: CertificateAuthority) -> None:
    with receiver(authority.server("127.0.0.1")) as inbox:
        response = HttpClient(LOOPBACK, timeout_s=5).post(inbox.url, b"{}", {})
        assert inbox.requests == []
    assert (response.status, response.is_success) == (0, False)
    assert "certificate verify failed" in response.error


@pytest.mark.parametrize(("host", "days", "reason"), [("desk.example", 1, "certificate is not valid for '127.0.0.1'"),
                                                   ("127.0.0.1", -1, "certificate has expired")])  # fmt: skip
def test_certificate_of_another_host_or_expired_is_rejected(
    authority: CertificateAuthority, monkeypatch: pytest.MonkeyPatch, host: str, days: int, reason: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with receiver(authority.server(host, days=days)) as inbox:
        response = HttpClient(LOOPBACK, timeout_s=5).post(inbox.url, b"{}", {})
        assert inbox.requests == []
    assert reason in response.error
