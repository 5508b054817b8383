"""Messages are read from every form that recorders write."""

import gzip
from pathlib import Path

import pytest

from domain.errors import InputError
from domain.slices import Reject
from flows.sources import messages
from flows.sources.messages import Message, read_messages

AT = 1_799_999_999_000_000_000


def written(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "x"
    path.write_bytes(content)
    return path


def found(path: Path, skip: int = 0, at_most: int = 100) -> tuple[list[Message], list[Reject], list[int]]:
    parts = list(read_messages(path, skip=skip, at_most=at_most))
    return (
        [message for part in parts for message in part.messages],
        [reject for part in parts for reject in part.rejects],
        [part.consumed for part in parts],
    )


def test_lines_with_receive_times(tmp_path: Path) -> None:
    path = written(tmp_path, f'{AT} {{"a":1}}\nbroken\n\n{AT + 1} [2]\n{AT + 2} PONG\n{AT + 3} '.encode())
    expected = [
        Message(1, AT, b'{"a":1}'),
        Message(4, AT + 1, b"[2]"),
        Message(5, AT + 2, b"PONG"),
        Message(6, AT + 3, b""),
    ]
    rejects = [Reject("x", 2, "line is not `RECV_NS JSON`", b"broken")]
    assert found(path) == (expected, rejects, [5, 6])
    assert found(path, at_most=2) == (expected, rejects, [2, 4, 5, 6])
    assert found(path, skip=4) == (expected[2:], [], [5, 6])


@pytest.mark.parametrize(
    "content",
    [
        b'[{"a":1},\n {"a":2}]',
        b'{"a":1}\n{"a":2}\n',
        b'{"data":[{"a":1},{"a":2}],"pagination":{}}',
        b'{"cursor":"","trades":[\n{"a":1},\n{"a":2}\n]}',
    ],
)
def test_rows_of_documents(tmp_path: Path, content: bytes) -> None:
    path = written(tmp_path, content)
    rows = [Message(1, 0, b'{"a":1}'), Message(2, 0, b'{"a":2}')]
    assert found(path, at_most=1) == (rows, [], [1, 2])
    assert found(path, skip=1) == (rows[1:], [], [2])
    assert found(path, skip=2) == ([], [], [])


def test_a_document_of_one_object(tmp_path: Path) -> None:
    assert found(written(tmp_path, b'{"a":\n1}')) == ([Message(1, 0, b'{"a":\n1}')], [], [1])


def test_truncated_files_are_reported(tmp_path: Path) -> None:
    for line in (b'{"a":%d}', b"%d {}"):
        lines = b"\n".join(line % (AT + number) for number in range(5_000))
        messages, rejects, consumed = found(written(tmp_path, gzip.compress(lines)[:-2_000]), at_most=10_000)
        assert len(messages) > 1_000
        assert rejects[-1].reason.startswith("compressed data is damaged from here")
        assert consumed[-1] == rejects[-1].position == len(messages) + (2 if len(rejects) > 1 else 1)


def test_a_document_too_large_for_the_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "LARGEST", 10)
    with pytest.raises(InputError, match=r"input 'x' has more than 10 bytes of JSON; split it"):
        found(written(tmp_path, b'[{"a":1},{"a":2}]'))
