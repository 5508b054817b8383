"""Permit: whether somebody who came in may do what they ask for."""

from api.errors import FORBIDDEN, ProblemError
from api.security.gate import Gate, Visitor
from api.security.principal import REALM, Principal, Refusal
from domain.api_keys import Scope


def permit(visitor: Visitor, scope: Scope, gate: Gate) -> Principal:
    """Who it is, if they may.

    Raises
    ------
    ProblemError
        `UNAUTHENTICATED`, if nobody knows who it is; `FORBIDDEN`, if they lack the scope.
    """
    caller = visitor.caller
    if isinstance(caller, Refusal):
        raise ProblemError(caller.kind, caller.detail, headers=caller.challenge)
    if not caller.may(scope):
        gate.note_lack(caller, visitor.address)
        challenge = f'Bearer realm="{REALM}", error="insufficient_scope", scope="{scope}"'
        raise ProblemError(FORBIDDEN, f"this needs the scope {scope}", headers={"WWW-Authenticate": challenge})
    return caller
