"""Answer: what a handler gives when there is more to say than the body."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """A body with headers of its own.

    Attributes
    ----------
    tag
        ETag of the body, if it is known already.
    age_s
        Seconds since this was what Postgres would say; None: it was asked for this answer.
    """

    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    tag: str | None = None
    age_s: float | None = None

    @classmethod
    def ready(cls, body: bytes, headers: Mapping[str, str]) -> "Answer":
        """An answer that is given more than once."""
        return cls(body, headers, tag_of(body))


def tag_of(body: bytes) -> str:
    """The ETag of a body.

    Examples
    --------
    >>> tag_of(b"{}")
    '"bf78e4a953b40eee238ca2e9"'
    """
    return f'"{blake2b(body, digest_size=12).hexdigest()}"'
