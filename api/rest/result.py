"""Result: the body of a handler's response, with the headers and cache metadata that go with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any


@dataclass(frozen=True, slots=True)
class Result:
    """A response body with headers of its own.

    Attributes
    ----------
    body
        Record to encode as JSON; bytes are sent unchanged.
    etag
        ETag of the body, if it has been computed already.
    age_s
        Seconds since the data was last known to match Postgres; None if it was read for this response.
    """

    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: str | None = None
    age_s: float | None = None

    @classmethod
    def from_bytes(cls, body: bytes, headers: Mapping[str, str]) -> "Result":
        """An encoded body with its ETag, to be sent more than once."""
        return cls(body, headers, etag_of(body))


def etag_of(body: bytes) -> str:
    """The strong ETag of a body: a hash of its bytes, in quotes.

    Examples
    --------
    >>> etag_of(b"{}")
    '"bf78e4a953b40eee238ca2e9"'
    """
    return f'"{blake2b(body, digest_size=12).hexdigest()}"'
