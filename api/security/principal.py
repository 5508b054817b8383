"""Principal: who calls and what they may do; or why they are not believed."""

from typing import Final, NamedTuple

import msgspec

from api.errors import UNAUTHENTICATED, ProblemType
from domain.api_keys import SCOPES, Scope

REALM: Final = "signalengine"


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who was believed.

    Attributes
    ----------
    name
        As logs call them: `key:<id>`, `token:<subject>` or `local`.
    scopes
        What they may do.
    expires_at_s
        Until when, in seconds since 1970; None if it does not end by itself.
    key_id
        The key they came with, or that their ticket was made with; it may be revoked.
    """

    name: str
    scopes: frozenset[Scope]
    expires_at_s: float | None = None
    key_id: str | None = None

    def may(self, scope: Scope) -> bool:
        """Whether they may do that."""
        return scope in self.scopes or "admin" in self.scopes


LOCAL: Final = Principal(name="local", scopes=frozenset(SCOPES))
"""Everybody, while nobody is asked: the API then listens on loopback alone."""


class Refusal(NamedTuple):
    """Why somebody is not believed.

    Attributes
    ----------
    reason
        One word for the log and the metrics.
    detail
        What they are told; it never says how near they came.
    kind
        The problem that it becomes.
    """

    reason: str
    detail: str
    kind: ProblemType = UNAUTHENTICATED

    @property
    def challenge(self) -> dict[str, str]:
        """The header that says how to do better (RFC 6750 §3)."""
        if self.kind is not UNAUTHENTICATED:
            return {}
        error = "" if self is NOBODY else ', error="invalid_token"'
        return {"WWW-Authenticate": f'Bearer realm="{REALM}"{error}'}


NOBODY: Final = Refusal("missing", "give a key or a token, as Authorization: Bearer …")
"""Who shows nothing."""
