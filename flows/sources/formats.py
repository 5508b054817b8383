"""Formats: choose the reader of a file by its first bytes and lines, never by its name."""

import re
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from domain.errors import InputError
from domain.frames import Frame
from flows.sources.inputs import Input
from flows.sources.lines import read_lines
from flows.sources.market_trades import MarketTrades
from flows.sources.recorded import Recording
from flows.sources.tables import Table

_BINARY = (b"PAR1", b"ARROW1", b"\xff\xff\xff\xff")
_REFUSED = {
    b"PK\x03\x04": "is a zip archive; unpack it",
    b"FEA1": "is Feather version 1; write it as version 2 with pyarrow.feather.write_feather",
    b"\x28\xb5\x2f\xfd": "is compressed with zstd; unpack it, or compress it with gzip",
    b"BZh": "is compressed with bzip2; unpack it, or compress it with gzip",
    b"\xfd7zXZ": "is compressed with xz; unpack it, or compress it with gzip",
}

_MARKETS = re.compile(
    rb'"(?:proxyWallet|proxy_wallet|tx_hash|event_type|price_changes|asset_id|clobTokenIds|conditionId|condition_id'
    rb'|window_ts|market_ticker|event_ticker|orderbook_fp|yes_price_dollars)"\s*:'
    rb'|"topic"\s*:\s*"(?:activity|crypto_prices|equity_prices)"|"type"\s*:\s*"orderbook_(?:snapshot|delta)"'
)
"""Keys that only messages of prediction markets have."""
_LINES = re.compile(rb"^(?:[{\[]|[1-8]\d{18} )", re.MULTILINE)
"""Start of a line of JSON, with or without a receive time."""
_HEAD_LINES = 5_000


def holds_markets(path: Path) -> bool:
    """Whether a file holds messages or REST responses of prediction markets, for `flows.sources.market_files`.

    Raises
    ------
    InputError
        If there is no such file.
    """
    if _first_bytes(path).startswith((*_BINARY, *_REFUSED)):
        return False
    head = b"\n".join(
        islice((line for chunk in read_lines(path, block_bytes=1 << 16) for line in chunk.lines), _HEAD_LINES)
    )
    return _LINES.search(head) is not None and _MARKETS.search(head) is not None


def open_input(path: Path, instrument: str | None, mapping: Mapping[str, str], frame: Frame | None) -> Input:
    """Open the input in `path`; the other parameters are for tables (`flows.sources.tables`).

    Raises
    ------
    InputError
        If there is no such file, or its format is not supported.
    """
    magic = _first_bytes(path)
    for bytes_, fault in _REFUSED.items():
        if magic.startswith(bytes_):
            raise InputError(f"input {path.name!r} {fault}")
    if not magic.startswith(_BINARY):
        lines = _head(path, 20)
        if MarketTrades.recognises(lines):
            return MarketTrades(path)
        if Recording.recognises(lines):
            return Recording(path)
        head = b"\n".join(lines)
        if not head.strip():
            raise InputError(f"input {path.name!r} is empty; leave it out")
        if b"\0" in head:
            raise InputError(f"input {path.name!r} is neither Parquet, Feather, CSV nor a recording")
        if lines[0].startswith((b"{", b"[")):
            raise InputError(
                f"input {path.name!r} holds JSON without receive times and without trades; "
                f"a recording has lines of `RECV_NS JSON`"
            )
    return Table(path, instrument=instrument, mapping=mapping, frame=frame)


def _head(path: Path, count: int) -> list[bytes]:
    return list(islice((line for chunk in read_lines(path, block_bytes=1 << 16) for line in chunk.lines), count))


def _first_bytes(path: Path) -> bytes:
    if path.is_dir():
        raise InputError(f"input {str(path)!r} is a directory; name the files in it")
    try:
        with path.open("rb") as file:
            return file.read(8)
    except OSError as problem:
        raise InputError(f"input {str(path)!r} cannot be opened: {problem.strerror}; check the path") from None
