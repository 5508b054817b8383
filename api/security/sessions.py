"""Sessions: what ends a connection that stays open: its holder's key is revoked, or what they came with expires."""

from typing import NamedTuple

from api.feed.messages import CLOSE_TRY_LATER, CLOSE_UNAUTHENTICATED
from api.security.keyring import KeyRing
from api.security.principal import Principal


class Ending(NamedTuple):
    """A close code of WebSocket, and the reason in words."""

    code: int
    reason: str


def stays(_: Principal) -> Ending | None:
    """Nobody has to leave."""
    return None


def ending(principal: Principal, ring: KeyRing, now_s: float) -> Ending | None:
    """Why somebody has to leave; None if they may stay.

    Parameters
    ----------
    ring
        Where a revoked key is missing.
    now_s
        Seconds since 1970.
    """
    if principal.expires_at_s is not None and now_s >= principal.expires_at_s:
        return Ending(CLOSE_UNAUTHENTICATED, "what you came with has expired")
    if principal.key_id is None:
        return None
    if not ring.known(now_s):
        return Ending(CLOSE_TRY_LATER, "keys cannot be looked up; try again later")
    if not ring.honours(principal.key_id):
        return Ending(CLOSE_UNAUTHENTICATED, "your key was revoked")
    return None
