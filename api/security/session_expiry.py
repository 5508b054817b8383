"""Session expiry: when an open WebSocket or event stream must be closed because its credentials ended."""

from typing import NamedTuple

from api.feed.messages import CLOSE_TRY_LATER, CLOSE_UNAUTHENTICATED
from api.security.api_key_cache import ApiKeyCache
from api.security.principal import Principal


class SessionEnd(NamedTuple):
    """A WebSocket close code and its reason."""

    code: int
    reason: str


def never_ends(_: Principal) -> SessionEnd | None:
    """Keep every session open."""
    return None


def session_end(principal: Principal, keys: ApiKeyCache, now_s: float) -> SessionEnd | None:
    """Why a session must be closed; None while its credentials are valid.

    Parameters
    ----------
    keys
        Active API keys; a revoked one is missing.
    now_s
        Seconds since 1970.
    """
    if principal.expires_at_s is not None and now_s >= principal.expires_at_s:
        return SessionEnd(CLOSE_UNAUTHENTICATED, "credentials expired")
    if principal.key_id is None:
        return None
    if not keys.is_fresh(now_s):
        return SessionEnd(CLOSE_TRY_LATER, "API keys cannot be verified right now; retry later")
    if not keys.contains(principal.key_id):
        return SessionEnd(CLOSE_UNAUTHENTICATED, "API key revoked")
    return None
