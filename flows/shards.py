"""Shard keys: names that place source, state and sink of a shard on the same worker.

Bytewax sends a key to worker `hash(key) % workers`, where the hash is Rust's DefaultHasher:
SipHash-1-3 with zero keys over the UTF-8 bytes and one 0xff (read in its source, and checked by a
test on running workers). Plain shard numbers would be distributed unevenly. These keys are chosen so
that `hash % 24 == shard`: shard s is then on worker `s % workers` for every number of workers that
divides 24, and blocks never cross a process boundary on the hot path.
"""

from domain.instruments import SHARDS

_MASK = (1 << 64) - 1


def siphash13(data: bytes) -> int:
    """SipHash-1-3 with zero keys, as 64 bits (Aumasson and Bernstein, 2012; one compression round, three at the end).

    Examples
    --------
    >>> siphash13(b"") == 0xD1FBA762150C532C
    True
    """
    v0, v1, v2, v3 = 0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573
    tail = len(data) % 8
    blocks = [int.from_bytes(data[at : at + 8], "little") for at in range(0, len(data) - tail, 8)]
    blocks.append((len(data) & 0xFF) << 56 | int.from_bytes(data[len(data) - tail :], "little"))
    for block in blocks:
        v0, v1, v2, v3 = _round(v0, v1, v2, v3 ^ block)
        v0 ^= block
    v2 ^= 0xFF
    for _ in range(3):
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    return v0 ^ v1 ^ v2 ^ v3


def key_hash(key: str) -> int:
    """The 64-bit hash by which Bytewax routes `key`: worker = hash % workers."""
    return siphash13(key.encode() + b"\xff")


def shard_key(shard: int) -> str:
    """The key of a shard.

    Examples
    --------
    >>> key_hash(shard_key(7)) % 24
    7
    """
    return KEYS[shard]


def shard_of_key(key: str) -> int:
    """The shard of a key."""
    return _SHARD_OF[key]


def _rotate(value: int, bits: int) -> int:
    return (value << bits | value >> (64 - bits)) & _MASK


def _round(v0: int, v1: int, v2: int, v3: int) -> tuple[int, int, int, int]:
    v0 = (v0 + v1) & _MASK
    v1 = _rotate(v1, 13) ^ v0
    v0 = _rotate(v0, 32)
    v2 = (v2 + v3) & _MASK
    v3 = _rotate(v3, 16) ^ v2
    v0 = (v0 + v3) & _MASK
    v3 = _rotate(v3, 21) ^ v0
    v2 = (v2 + v1) & _MASK
    v1 = _rotate(v1, 17) ^ v2
    return v0, v1, _rotate(v2, 32), v3


def _find_key(shard: int) -> str:
    attempt = 0
    while key_hash(key := f"shard{shard:03d}.{attempt}") % SHARDS != shard:
        attempt += 1
    return key


KEYS: tuple[str, ...] = tuple(_find_key(shard) for shard in range(SHARDS))
_SHARD_OF = {key: shard for shard, key in enumerate(KEYS)}
