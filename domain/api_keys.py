"""API keys: their format, their scopes, and the record that is stored of them.

A key is `se_<id>_<secret>`. The id is public: logs and lists name the key by it. Only the SHA-256 of the secret is
stored. A slow password hash would add nothing, because 256 random bits cannot be guessed from a dictionary; it would
only make every request slower and denial of service easier.
"""

import re
from datetime import datetime
from hashlib import sha256
from typing import Final, Literal, NamedTuple, get_args

import msgspec

Scope = Literal["read", "stream", "execute", "metrics", "admin"]
"""`read`: REST queries; `stream`: WebSocket and SSE; `execute`: paper execution; `metrics`: `/metrics`; `admin`: all of
them."""
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)

ID_BYTES: Final = 6
SECRET_BYTES: Final = 32

_KEY = re.compile(r"se_([0-9a-f]{12})_([0-9a-f]{64})")


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A stored API key.

    Attributes
    ----------
    id
        Public part, 12 hex digits.
    name
        Chosen by its owner.
    digest
        SHA-256 of the secret.
    scopes
        Granted scopes.
    created_at, expires_at, revoked_at, last_used_at
        None for a key that never expires, is not revoked, or was never used. `last_used_at` is exact to a minute.
    """

    id: str
    name: str
    digest: bytes
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None


class KeyParts(NamedTuple):
    """The public id of a key and the digest of its secret."""

    id: str
    digest: bytes


def format_key(id_bytes: bytes, secret: bytes) -> str:
    """The text of a key, which its owner sees once.

    Parameters
    ----------
    id_bytes, secret
        `ID_BYTES` and `SECRET_BYTES` random bytes.

    Examples
    --------
    >>> format_key(bytes(6), bytes(32))[:20]
    'se_000000000000_0000'
    """
    return f"se_{id_bytes.hex()}_{secret.hex()}"


def parse(text: str) -> KeyParts | None:
    """Id and digest of a key; None if `text` is not a key.

    Examples
    --------
    >>> parse("se_000000000000_" + "00" * 32).id
    '000000000000'
    >>> parse("se_1_2") is None
    True
    """
    match = _KEY.fullmatch(text)
    return KeyParts(match[1], sha256(match[2].encode()).digest()) if match else None


def has_key_prefix(text: str) -> bool:
    """Whether `text` is meant to be an API key rather than a token."""
    return text.startswith("se_")
