"""Messages of a recorded file: one per line, as `RECV_NS JSON` or as JSON alone, or all in one JSON document."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from domain.errors import InputError
from domain.slices import Reject
from flows.sources.inputs import RAW_BYTES
from flows.sources.lines import read_lines

LARGEST = 1 << 28
"""Largest size of a document in bytes, since it is read as a whole."""
_RECEIVED = re.compile(rb"([1-8]\d{18})(?: |$)")
_START = 20
_list = msgspec.json.Decoder(list[msgspec.Raw])
_keys = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Message(NamedTuple):
    """One message.

    Attributes
    ----------
    position
        Its line, or its index in the document, from 1.
    received_ns
        Receive time; 0 if unknown.
    payload
        The raw message.
    """

    position: int
    received_ns: int
    payload: bytes


class Messages(NamedTuple):
    """The next messages of a file, rejected lines, and the position of the last of them."""

    messages: list[Message]
    rejects: list[Reject]
    consumed: int


def read_messages(path: Path, *, skip: int = 0, at_most: int = 65_536) -> Iterator[Messages]:
    """Read the messages after the position `skip`, at most `at_most` at a time.

    Raises
    ------
    InputError
        If a document is larger than `LARGEST`.
    """
    first = next((line for chunk in read_lines(path, block_bytes=1 << 16) for line in chunk.lines if line.strip()), b"")
    if first.lstrip().startswith((b"{", b"[")):
        yield from _of_document(path, skip, at_most)
        return
    for number, lines, damage in read_lines(path, skip=skip, at_most=at_most):
        messages, rejects = [], [Reject(path.name, number, damage)] if damage else []
        for position, line in enumerate(lines, number):
            if received := _RECEIVED.match(line):
                messages.append(Message(position, int(received[1]), line[_START:]))
            elif line.strip():
                rejects.append(Reject(path.name, position, "line is not `RECV_NS JSON`", line[:RAW_BYTES]))
        yield Messages(messages, rejects, number + max(1, len(lines)) - 1)


def _of_document(path: Path, skip: int, at_most: int) -> Iterator[Messages]:
    payloads, damage = _payloads(path)
    for start in range(skip, len(payloads), at_most):
        part = payloads[start : start + at_most]
        yield Messages([Message(at, 0, each) for at, each in enumerate(part, start + 1)], [], start + len(part))
    if damage and skip <= len(payloads):
        yield Messages([], [Reject(path.name, len(payloads) + 1, damage)], len(payloads) + 1)


def _payloads(path: Path) -> tuple[list[bytes], str]:
    """The rows of a document, or else its lines, and the error if it is truncated."""
    lines: list[bytes] = []
    damage, size = "", 0
    for chunk in read_lines(path):
        lines += chunk.lines
        damage = chunk.damage
        size += sum(map(len, chunk.lines))
        if size > LARGEST:
            raise InputError(f"input {path.name!r} has more than {LARGEST:,} bytes of JSON; split it")
    text = b"\n".join(lines)
    try:
        rows = _list.decode(text) if text.lstrip().startswith(b"[") else _page(text)
    except (ValueError, RecursionError):
        return [line for line in lines if line.strip()], damage
    return [bytes(row) for row in rows], damage


def _page(text: bytes) -> list[msgspec.Raw]:
    """The rows of a page of results; any other document is a single row."""
    keys = _keys.decode(text)
    rows = next((keys[key] for key in ("data", "trades", "events") if key in keys), None)
    return [msgspec.Raw(text)] if rows is None else _list.decode(rows)
