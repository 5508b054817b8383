"""Binance spot and USD-M futures: decode recorded trade messages to rows.

Both streams, `trade` and `aggTrade`, are read, wrapped (`{"stream": …, "data": …}`) or raw. Spot and
futures use the same symbols; in both streams spot messages have the key `M` and futures messages do
not, which is the only difference between the markets. Contracts of COIN-M futures (`BTCUSD_PERP`) are
ignored: their sizes are numbers of contracts, not of coins.

The ids of `trade` and of `aggTrade` number the trades of a market differently and must not be mixed: where a
recording has both streams of an instrument, only `trade` is used and `aggTrade` is ignored.

References
----------
Binance, "WebSocket Streams" for spot (2026-07-21) and "Aggregate Trade Streams" for USD-M (2026).
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Annotated, NamedTuple

import msgspec
import numpy as np

from domain.blocks import CONTIGUOUS_IDS, NO_ID, TRADE, Rows
from domain.clock import DAY, MICROSECOND, MILLISECOND, SECOND
from domain.errors import InputError
from domain.instruments import check_name, instrument_id
from domain.slices import Reject
from flows.sources.inputs import RAW_BYTES, broken_rules

AHEAD_NS = 5 * SECOND
"""A trade this far ahead of its receive time would advance the watermark of its shard wrongly."""

EARLIEST_NS = 365 * DAY
"""These markets did not exist in 1970: such a timestamp has a wrong unit."""

_LAST_MS = 9_200_000_000_000  # in the year 2261; a larger timestamp is in microseconds (`timeUnit=MICROSECOND`)
_Id = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]
_Stamp = Annotated[int, msgspec.Meta(gt=0, lt=1_000 * _LAST_MS)]
# Receive time, then the type of the message: its stream, its event, or else its first key.
_HEAD = re.compile(rb'[1-8]\d{18} \[?\{\s*"(?:stream"\s*:\s*"[^"@]*@([a-zA-Z]+)|e"\s*:\s*"(\w+)|(\w+))')
_TEXT = 20
"""Offset of the JSON, after the receive time and a space."""
_ENDS = (b"}", b"]", b"}\r", b"]\r")


class _Frame(msgspec.Struct, gc=False):
    e: str
    s: str
    p: float
    q: float
    T: _Stamp
    m: bool
    t: _Id = NO_ID
    a: _Id = NO_ID
    M: bool | None = None


class _Event(msgspec.Struct):
    e: str = ""


class _Wrapped(msgspec.Struct, gc=False):
    data: _Frame


class _WrappedEvent(msgspec.Struct):
    data: _Event


# Prices and sizes are strings on the wire, hence `strict=False`.
_frame = msgspec.json.Decoder(_Frame, strict=False)
_frames = msgspec.json.Decoder(list[_Frame], strict=False)
_wrapped = msgspec.json.Decoder(_Wrapped, strict=False)
_all_wrapped = msgspec.json.Decoder(list[_Wrapped], strict=False)
_event = msgspec.json.Decoder(_Event)
_wrapped_event = msgspec.json.Decoder(_WrappedEvent)
_BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""Raised by msgspec for invalid or too deeply nested JSON."""


class Decoded(NamedTuple):
    """The decoded content of some lines.

    Attributes
    ----------
    rows
        Rows of `TRADE`, in the order of the lines.
    names
        The names of their instruments.
    rejects
        Lines that should have been a trade and could not be decoded.
    streams
        Instrument to the stream of its rows, `trade` or `aggTrade`.
    """

    rows: Rows
    names: dict[int, str]
    rejects: list[Reject]
    streams: dict[str, str]


def decode(
    lines: list[bytes],
    *,
    first: int,
    source: str,
    ignored: Counter[str],
    with_trades: Callable[[], frozenset[str]],
) -> Decoded:
    """Decode the trades in lines of `RECV_NS JSON`.

    Parameters
    ----------
    lines, first
        The lines, and the number of the first of them.
    source
        The origin that rejects name.
    ignored
        Counter of ignored messages, by type.
    with_trades
        Returns the names of the instruments whose stream `trade` is anywhere in the recording; called only
        for messages of `aggTrade`.
    """
    invalid: list[tuple[int, str]] = []
    candidates: list[int] = []
    others: list[bytes] = []
    for at, line in enumerate(lines):
        head = _HEAD.match(line)
        if head is None or not line.endswith(_ENDS):
            if line.strip():
                invalid.append((at, "line is not `RECV_NS JSON`"))
        elif b'rade"' in line:  # much faster than parsing, and most lines are quotes and books
            candidates.append(at)
        else:
            others.append(head[head.lastindex or 0])

    places: list[int] = []
    frames: list[_Frame] = []
    names: list[str] = []
    for at, frame in zip(candidates, _parse([lines[at][_TEXT:] for at in candidates]), strict=True):
        if isinstance(frame, str):
            invalid.append((at, frame))
        elif isinstance(frame, _Frame) and (name := _accepted_name(frame, with_trades)):
            places.append(at)
            frames.append(frame)
            names.append(name)
        elif head := _HEAD.match(lines[at]):
            others.append(head[head.lastindex or 0])
    for kind, count in Counter(others).items():
        ignored[kind.decode()] += count

    rows, ids = _rows(frames, names)
    received = np.array([int(lines[at][: _TEXT - 1]) for at in places], np.int64)
    broken = broken_rules(
        {
            "price is not a positive number": ~((rows["price"] > 0) & np.isfinite(rows["price"])),
            "size is not a positive number": ~((rows["size"] > 0) & np.isfinite(rows["size"])),
            "timestamp is before 1971": rows["ts"] < EARLIEST_NS,
            "timestamp is more than 5 s ahead of its receive time": rows["ts"] > received + AHEAD_NS,
            "frame has no trade id": rows["id"] == NO_ID,
            "symbol is missing or malformed": np.array([name not in ids for name in names], np.bool_),
        }
    )
    invalid += [(places[row], reason) for row, reason in broken]
    rejects = [
        Reject(source, first + at, reason, lines[at][:RAW_BYTES], _received(lines[at]))
        for at, reason in sorted(invalid)
    ]
    rows = rows.take(np.delete(np.arange(rows.size), [row for row, _ in broken])) if broken else rows
    streams = {name: frame.e for name, frame in zip(names, frames, strict=True) if name in ids}
    return Decoded(rows, {number: name for name, number in ids.items()}, rejects, streams)


def instruments_with_trades(chunks: Iterable[list[bytes]]) -> frozenset[str]:
    """Names of the instruments that have a message of the stream `trade` in the lines."""
    names: set[str] = set()
    for lines in chunks:
        frames = _parse([line[_TEXT:] for line in lines if b'"trade"' in line and line.endswith(_ENDS)])
        names |= {
            _name(frame.s, frame.M is not None) for frame in frames if isinstance(frame, _Frame) if frame.e == "trade"
        }
    return frozenset(names)


def _parse(texts: list[bytes]) -> list[_Frame] | list[_Frame | _Event | str]:
    """Parse each text to a frame; else to another event, or to the reason why it is invalid."""
    joined = b"[" + b",".join(texts) + b"]"
    frames: list[_Frame] = []
    try:
        if texts and b'"data"' in texts[0]:
            frames = [each.data for each in _all_wrapped.decode(joined)]
        else:
            frames = _frames.decode(joined)
    except _BROKEN:
        pass  # one of them is invalid, or both forms are mixed: parse each separately
    return frames if len(frames) == len(texts) else [_parse_one(text) for text in texts]


def _parse_one(text: bytes) -> _Frame | _Event | str:
    wrapped = b'"data"' in text
    try:
        return _wrapped.decode(text).data if wrapped else _frame.decode(text)
    except msgspec.ValidationError as problem:
        try:
            event = _wrapped_event.decode(text).data if wrapped else _event.decode(text)
        except _BROKEN:
            return _Event()
        return f"{event.e} frame: {problem}" if event.e in ("trade", "aggTrade") else event
    except _BROKEN:
        return "line is not JSON"


def _accepted_name(frame: _Frame, with_trades: Callable[[], frozenset[str]]) -> str:
    """The name of the frame's instrument; empty if the frame is to be ignored."""
    name = _name(frame.s, frame.M is not None)
    if frame.e == "trade":
        return name
    return name if frame.e == "aggTrade" and name not in with_trades() else ""


@lru_cache(maxsize=10_000)
def _name(symbol: str, spot: bool) -> str:
    """The name of an instrument; empty for an inverse contract."""
    if spot:
        return f"binance:{symbol}"
    base, _, contract = symbol.partition("_")
    inverse = contract and base.endswith("USD") and not base.endswith("BUSD")
    return "" if inverse else f"binance_usdm:{symbol}"


def _rows(frames: list[_Frame], names: list[str]) -> tuple[Rows, dict[str, int]]:
    rows = np.zeros(len(frames), TRADE)
    ids = {name: instrument_id(name) for name in dict.fromkeys(names) if _is_name(name)}
    stamps = np.array([frame.T for frame in frames], np.int64)
    rows["ts"] = stamps * np.where(stamps < _LAST_MS, MILLISECOND, MICROSECOND)
    rows["instrument"] = [ids.get(name, 0) for name in names]
    rows["price"] = [frame.p for frame in frames]
    rows["size"] = [frame.q for frame in frames]
    rows["id"] = [frame.t if frame.e == "trade" else frame.a for frame in frames]
    rows["side"] = [-1 if frame.m else 1 for frame in frames]
    rows["flags"] = CONTIGUOUS_IDS
    return rows, ids


def _is_name(name: str) -> bool:
    try:
        return bool(check_name(name))
    except InputError:
        return False


def _received(line: bytes) -> int:
    return int(line[: _TEXT - 1]) if _HEAD.match(line) else 0
