"""Principal: an authenticated caller and its scopes; or the reason why authentication failed."""

from typing import Final, NamedTuple

import msgspec

from api.errors import UNAUTHENTICATED, ProblemType
from domain.api_keys import SCOPES, Scope

REALM: Final = "signalengine"


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """An authenticated caller.

    Attributes
    ----------
    name
        Its name in logs: `key:<id>`, `token:<subject>` or `local`.
    scopes
        What it may do.
    expires_at_s
        When its credentials expire, in seconds since 1970; None if they do not.
    key_id
        The API key that it, or its ticket, was authenticated with, which can be revoked; None for tokens.
    """

    name: str
    scopes: frozenset[Scope]
    expires_at_s: float | None = None
    key_id: str | None = None

    def has_scope(self, scope: Scope) -> bool:
        """Whether the scope was granted, by itself or by `admin`."""
        return scope in self.scopes or "admin" in self.scopes


LOCAL: Final = Principal(name="local", scopes=frozenset(SCOPES))
"""Every caller while authentication is off, which is possible on loopback only."""


class AuthenticationFailure(NamedTuple):
    """Why credentials were rejected.

    Attributes
    ----------
    reason
        Label for the log and for metrics.
    detail
        Message for the caller; it does not tell how close a guess came.
    kind
        The problem with which the request is answered.
    """

    reason: str
    detail: str
    kind: ProblemType = UNAUTHENTICATED

    @property
    def challenge(self) -> dict[str, str]:
        """The header WWW-Authenticate (RFC 6750 §3)."""
        if self.kind is not UNAUTHENTICATED:
            return {}
        error = "" if self is NO_CREDENTIALS else ', error="invalid_token"'
        return {"WWW-Authenticate": f'Bearer realm="{REALM}"{error}'}


NO_CREDENTIALS: Final = AuthenticationFailure(
    "missing", "authentication is required; send an API key or a token as 'Authorization: Bearer …'"
)
"""The request carries no credentials."""
