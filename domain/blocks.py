"""Blocks: the unit of data in the log and on the hot path, as tagged bytes.

A block is an eight-byte tag followed by its body: a struct array for trades, bars and quotes, JSON for the other,
infrequent kinds. Bytes pickle in under a microsecond and are read in place with `np.frombuffer`; the tag contains a
version, so that a log of another version is rejected and not misread.

    TRADES01   rows of TRADE: trades, heartbeats and gap markers, in log order
    BARS0001   rows of BAR (domain.slices), closed bars given as input
    QUOTES01   rows of QUOTE (domain.quotes): the steps of order books, in log order
    NAMES001   {"<instrument id>": "venue:symbol"}, before the first row of each instrument
    WALLETS1   {"<hash>": "<address>"} (domain.wallets), before the first trade of each wallet
    MARKETS1   complete groups of markets (domain.markets.Group); a new version replaces the previous one
    REJECTS1   rejected input with its reason (domain.slices.Reject)
    BUNDLE01   blocks that are stored or lost together, in one entry of the log
"""

from collections.abc import Iterable
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.instruments import instrument_id
from domain.markets import Group
from domain.quotes import QUOTE
from domain.slices import BAR, Reject
from domain.wallets import wallet_id

Rows = NDArray[Any]

TRADE = np.dtype(
    [
        ("ts", "<i8"),  # event time, ns UTC
        ("instrument", "<i8"),  # domain.instruments.instrument_id
        ("price", "<f8"),
        ("size", "<f8"),  # in base units
        ("id", "<i8"),  # venue's trade id, increasing; NO_ID if it has none; below that: domain.ids.trade_fingerprint
        ("wallet", "<i8"),  # hash of the taker's wallet; 0 if unknown
        ("side", "i1"),  # +1 taker buy, -1 taker sell, 0 unknown
        ("kind", "u1"),  # KIND_TRADE, KIND_HEARTBEAT or KIND_GAP
        ("flags", "<u2"),  # CONTIGUOUS_IDS
        ("spare", "<u4"),  # keeps rows on 8-byte boundaries; always 0
    ]
)
NO_ID = -1
KIND_TRADE, KIND_HEARTBEAT, KIND_GAP = 0, 1, 2
"""A heartbeat advances the clock of its shard. A gap marker means that the feed of `instrument` (0: of every
instrument in the shard) may have missed trades before `ts`."""
CONTIGUOUS_IDS = 1
"""The venue numbers this instrument's trades consecutively, so that a missing id is a missing trade."""

_TRADES, _BARS, _QUOTES = b"TRADES01", b"BARS0001", b"QUOTES01"
_NAMES, _WALLETS, _MARKETS, _REJECTS = b"NAMES001", b"WALLETS1", b"MARKETS1", b"REJECTS1"
_BUNDLE = b"BUNDLE01"
_blocks = msgspec.msgpack.Decoder(list[bytes])
_rejects = msgspec.json.Decoder(list[Reject])
_groups = msgspec.json.Decoder(list[Group])
_texts = msgspec.json.Decoder(dict[str, str])


def trades_block(rows: Rows) -> bytes:
    """Encode rows of `TRADE` as a block."""
    return _block(_TRADES, rows.astype(TRADE, copy=False))


def bars_block(rows: Rows) -> bytes:
    """Encode rows of `BAR` as a block; `slot` and `flags` are filled by the reader."""
    return _block(_BARS, rows.astype(BAR, copy=False))


def quotes_block(rows: Rows) -> bytes:
    """Encode rows of `QUOTE` as a block."""
    return _block(_QUOTES, rows.astype(QUOTE, copy=False))


def _block(tag: bytes, rows: Rows) -> bytes:
    # One copy; `tag + rows.tobytes()` makes two.
    return b"".join((tag, np.ascontiguousarray(rows).view("u1").data))


def names_block(names: list[str]) -> bytes:
    """Encode the names of instruments; precedes their first rows."""
    return _NAMES + msgspec.json.encode({str(instrument_id(name)): name for name in names})


def wallets_block(addresses: Iterable[str]) -> bytes:
    """Encode the addresses of wallets; precedes their first trades."""
    return _WALLETS + msgspec.json.encode({str(wallet_id(address)): address.lower() for address in addresses})


def markets_block(groups: Iterable[Group]) -> bytes:
    """Encode groups of markets, in the version valid from here on."""
    return _MARKETS + msgspec.json.encode(list(groups))


def rejects_block(rejects: list[Reject]) -> bytes:
    """Encode rejected input for the store."""
    return _REJECTS + msgspec.json.encode(rejects)


def bundled(blocks: Iterable[bytes]) -> bytes:
    """Combine blocks into one; only `unbundled` reads the result."""
    return _BUNDLE + msgspec.msgpack.encode(list(blocks))


def unbundled(block: bytes) -> list[bytes]:
    """Split a bundle into its blocks; any other block is returned as it is."""
    return _blocks.decode(block[8:]) if block[:8] == _BUNDLE else [block]


def heartbeats(at_ns: Rows | list[int]) -> Rows:
    """Rows of `TRADE` that only advance the clock to each of `at_ns`."""
    rows = np.zeros(len(at_ns), TRADE)
    rows["ts"], rows["kind"], rows["id"] = at_ns, KIND_HEARTBEAT, NO_ID
    return rows


def read_block(block: bytes) -> tuple[str, Any]:
    """Decode a block.

    Returns
    -------
    tuple
        ("trades", rows of TRADE), ("bars", rows of BAR), ("quotes", rows of QUOTE),
        ("names", {instrument: name}), ("wallets", {hash: address}), ("markets", [Group]) or
        ("rejects", [Reject]). Row arrays are read-only views of the block.

    Raises
    ------
    ValueError
        If the tag is unknown.
    """
    tag = block[:8]
    if tag == _TRADES:
        return "trades", np.frombuffer(block, TRADE, offset=8)
    if tag == _BARS:
        return "bars", np.frombuffer(block, BAR, offset=8)
    if tag == _QUOTES:
        return "quotes", np.frombuffer(block, QUOTE, offset=8)
    if tag in (_NAMES, _WALLETS):
        texts = {int(key): text for key, text in _texts.decode(block[8:]).items()}
        return "names" if tag == _NAMES else "wallets", texts
    if tag == _MARKETS:
        return "markets", _groups.decode(block[8:])
    if tag == _REJECTS:
        return "rejects", _rejects.decode(block[8:])
    raise ValueError(f"block starts with the unknown tag {tag!r}; it was not written by this log format")
