"""Authorization: whether a caller has the scope that an operation needs."""

from api.errors import FORBIDDEN, ProblemError
from api.security.access import AccessControl, Caller
from api.security.principal import REALM, AuthenticationFailure, Principal
from domain.api_keys import Scope


def require_scope(caller: Caller, scope: Scope, access: AccessControl) -> Principal:
    """The authenticated principal, if it has the scope.

    Raises
    ------
    ProblemError
        The problem of the authentication failure (`UNAUTHENTICATED`, `INVALID_PARAMETER` or `UNAVAILABLE`), or
        `FORBIDDEN` if the scope is missing.
    """
    identity = caller.identity
    if isinstance(identity, AuthenticationFailure):
        raise ProblemError(identity.kind, identity.detail, headers=identity.challenge)
    if not identity.has_scope(scope):
        access.record_missing_scope(identity, caller.address)
        challenge = f'Bearer realm="{REALM}", error="insufficient_scope", scope="{scope}"'
        raise ProblemError(
            FORBIDDEN, f"this operation requires the scope '{scope}'", headers={"WWW-Authenticate": challenge}
        )
    return identity
