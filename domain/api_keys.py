"""API keys: what one looks like, what it may do, and what of it is kept.

A key is `se_<id>_<secret>`. The id is no secret: it is what logs and lists call the key. Of the secret only
its SHA-256 is kept. A slow hash would gain nothing, since the secret is 256 random bits, which no dictionary
holds; it would only make each request slower, and more so for whoever tries to keep us busy.
"""

import re
from datetime import datetime
from hashlib import sha256
from typing import Final, Literal, NamedTuple, get_args

import msgspec

Scope = Literal["read", "stream", "execute", "metrics", "admin"]
"""What a caller may do: read over REST; listen over WebSocket and SSE; have something executed on paper; read
`/metrics`; `admin` is all of it."""
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)

ID_BYTES: Final = 6
SECRET_BYTES: Final = 32

_KEY = re.compile(r"se_([0-9a-f]{12})_([0-9a-f]{64})")


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it is kept.

    Attributes
    ----------
    id
        Its public part, 12 hex digits.
    name
        What its owner calls it.
    digest
        SHA-256 of the secret.
    scopes
        What it may do.
    created_at, expires_at, revoked_at, last_used_at
        None if it does not, was not, or was not yet. The last is exact to a minute.
    """

    id: str
    name: str
    digest: bytes
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None


class Parts(NamedTuple):
    """The two halves of a key."""

    id: str
    digest: bytes


def text_of(id_bytes: bytes, secret: bytes) -> str:
    """The key as its owner gets to see it, once.

    Parameters
    ----------
    id_bytes, secret
        `ID_BYTES` and `SECRET_BYTES` random bytes.

    Examples
    --------
    >>> text_of(bytes(6), bytes(32))[:20]
    'se_000000000000_0000'
    """
    return f"se_{id_bytes.hex()}_{secret.hex()}"


def parse(text: str) -> Parts | None:
    """Id and digest of a key; None if `text` is none.

    Examples
    --------
    >>> parse("se_000000000000_" + "00" * 32).id
    '000000000000'
    >>> parse("se_1_2") is None
    True
    """
    found = _KEY.fullmatch(text)
    return Parts(found[1], sha256(found[2].encode()).digest()) if found else None


def looks_like(text: str) -> bool:
    """Whether somebody meant this to be a key, and not a token."""
    return text.startswith("se_")
