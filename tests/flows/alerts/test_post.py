from collections.abc import Iterator

import pytest

from flows.alerts.post import Post
from tests.flows.alerts.receiver import Receiver, receiver


@pytest.fixture
def inbox() -> Iterator[Receiver]:
    with receiver() as server:
        yield server


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


@pytest.mark.parametrize(("given", "read"), [("7", 7.0), ("soon", None), ("-1", None), ("999999", None)])
def test_wish_to_be_left_alone_is_heard(inbox: Receiver, given: str, read: float | None) -> None:
    inbox.answers.append(429)
    inbox.retry_after = given
    assert Post(("127.0.0.0/8",), timeout_s=5).send(inbox.url, b"{}", {}).retry_after_s == read


def test_who_does_not_answer_is_not_waited_for(inbox: Receiver) -> None:
    inbox.held.clear()
    answer = Post(("127.0.0.0/8",), timeout_s=0.2).send(inbox.url, b"{}", {})
    assert (answer.status, answer.detail) == (0, "no answer: TimeoutError")
