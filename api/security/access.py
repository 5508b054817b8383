"""Access control: authentication, header limits and rate limits, for REST and for WebSocket handshakes alike."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from starlette.datastructures import Headers

from api.errors import HEADERS_TOO_LARGE, RATE_LIMITED, TOO_LARGE, UNAUTHENTICATED, UNAVAILABLE, ProblemError
from api.feed.messages import CLOSE_TRY_LATER
from api.metrics import Metrics
from api.security.api_key_cache import ApiKeyCache
from api.security.audit import AuditLog
from api.security.client_address import client_address
from api.security.credentials import Credential, extract
from api.security.jwks import JwksCache
from api.security.principal import LOCAL, NO_CREDENTIALS, AuthenticationFailure, Principal
from api.security.rate_limiter import RateLimitDecision, RateLimiter
from api.security.session_expiry import SessionEnd, session_end
from api.security.settings import SecuritySettings
from api.security.tickets import TicketStore
from api.security.tokens import UNKNOWN_KID, TokenVerifier
from domain.api_keys import has_key_prefix
from store.postgres import Pool

log = logging.getLogger(__name__)

HEADERS_BYTES_MAX = 16_384
HEADERS_MAX = 100
AUDIT_FLUSH_INTERVAL_S = 1.0
AUDIT_CLEANUP_INTERVAL_S = 3600.0
KEY_REFRESH_INTERVAL_S = 2.0
"""How long a revoked key may still be accepted."""
JWKS_CHECK_INTERVAL_S = 1.0
_MINUTE_S = 60.0
_CONTENT_LENGTH_DIGITS_MAX = 18


class Caller(NamedTuple):
    """The result of checking a request.

    Attributes
    ----------
    identity
        The authenticated principal, or why authentication failed; operations that need no scope accept both.
    address
        The client's address behind trusted proxies; an IPv6 address is shortened to its /64 network.
    headers
        Rate limit headers to add to the response.
    """

    identity: Principal | AuthenticationFailure
    address: str
    headers: dict[str, str]


class AccessControl:
    """Checks every request before its handler runs, and owns the keys, tickets and the audit log.

    Parameters
    ----------
    settings
        The section `security`.
    body_bytes_max
        The largest request body.
    now_ns, steady_s
        Clocks, as in `api.app.build`.

    Raises
    ------
    SettingError
        If the public key or the key set of tokens cannot be read.
    """

    def __init__(
        self,
        settings: SecuritySettings,
        *,
        pool: Pool,
        redis_url: str,
        metrics: Metrics,
        body_bytes_max: int,
        now_ns: Callable[[], int],
        steady_s: Callable[[], float],
    ) -> None:
        self.settings = settings
        self.audit = AuditLog(pool, now_ns, settings.audit_days)
        self.tickets = TicketStore(redis_url)
        self.keys = ApiKeyCache(pool, now_ns)
        self._jwks = JwksCache(settings.jwt_jwks, steady_s) if settings.jwt_jwks else None
        self._tokens = TokenVerifier(settings, self._jwks)
        self._principal_limiter = RateLimiter(settings.requests_per_s)
        # Separate, so that requests from many addresses cannot evict authenticated principals from memory.
        self._address_limiter = RateLimiter(settings.requests_per_s)
        self._failure_limiter = RateLimiter(settings.failures_per_minute / _MINUTE_S, _MINUTE_S)
        self._metrics = metrics
        self._body_bytes_max = body_bytes_max
        self._now_ns = now_ns
        self._steady_s = steady_s

    async def check_request(self, headers: Headers, query: bytes, peer: str, *, websocket: bool = False) -> Caller:
        """Authenticate a request and apply the limits.

        Parameters
        ----------
        headers, query
            Of the request, unchanged.
        peer
            Address at the other end of the connection, which may be a proxy.
        websocket
            Whether the request is a WebSocket handshake.

        Raises
        ------
        ProblemError
            `HEADERS_TOO_LARGE`, `TOO_LARGE` or `RATE_LIMITED`, authenticated or not.
        """
        self._check_size(headers)
        if not self.settings.required:
            return Caller(LOCAL, peer, {})
        address = client_address(peer, headers.getlist("x-forwarded-for"), self.settings.proxies)
        identity = await self._identify(headers, query, websocket=websocket)
        if isinstance(identity, Principal):
            kind, limiter, subject = "caller", self._principal_limiter, identity.name
        else:
            kind, limiter, subject = "address", self._address_limiter, address
            if identity is not NO_CREDENTIALS:
                self._record_failure(identity, address)
        decision = limiter.acquire(subject, self._steady_s())
        rate_headers = {
            "RateLimit-Policy": limiter.policy,
            "RateLimit": f'"default";r={decision.remaining};t={decision.retry_after_s}',
        }
        if not decision.allowed:
            self._metrics.rate_limited.labels(kind).inc()
            raise _rate_limited("too many requests", decision, rate_headers)
        return Caller(identity, address, rate_headers)

    def session_end(self, principal: Principal) -> SessionEnd | None:
        """Why an open connection has to be closed now; None while its credentials are valid."""
        if principal is LOCAL:
            return None
        return session_end(principal, self.keys, self._now_ns() / 1e9)

    def record_missing_scope(self, principal: Principal, address: str) -> None:
        """Count a request that lacks a scope, and log it unless the principal has exceeded the failure limit."""
        self._metrics.auth_refused.labels("scope").inc()
        if self._failure_limiter.acquire(principal.name, self._steady_s()).allowed:
            self.audit.log_refusal("scope", address=address, actor=principal.name)

    async def open(self) -> None:
        """Load API keys and the key set before the first request, if their sources can be reached."""
        if self.settings.required:
            await self.keys.refresh()
            if self._jwks is not None:
                await self._jwks.refresh_if_due()

    async def run(self) -> None:
        """Run the periodic jobs until cancelled, each in its own task, so that a slow issuer delays no revocation."""
        jobs = [
            (AUDIT_FLUSH_INTERVAL_S, self.audit.flush),
            (AUDIT_CLEANUP_INTERVAL_S, self.audit.delete_expired),
        ]
        if self.settings.required:
            jobs.append((KEY_REFRESH_INTERVAL_S, self.keys.refresh))
            if self._jwks is not None:
                jobs.append((JWKS_CHECK_INTERVAL_S, self._jwks.refresh_if_due))
        async with asyncio.TaskGroup() as group:
            for interval_s, job in jobs:
                group.create_task(_repeat(job, interval_s))

    async def close(self) -> None:
        """Flush the audit log and close the connections to Redis."""
        await self.audit.flush()
        await self.tickets.close()

    def authenticate(self, credential: Credential) -> Principal | AuthenticationFailure:
        """Verify an API key or a token against what is in memory, without I/O."""
        verifier = self.keys if has_key_prefix(credential.value) else self._tokens
        return verifier.verify(credential.value, self._now_ns() / 1e9)

    async def _identify(self, headers: Headers, query: bytes, *, websocket: bool) -> Principal | AuthenticationFailure:
        credential = extract(headers, query, websocket=websocket)
        if isinstance(credential, AuthenticationFailure):
            return credential
        if credential.kind == "ticket":
            return self._check_ticket_holder(await self.tickets.redeem(credential.value))
        identity = self.authenticate(credential)
        if isinstance(identity, AuthenticationFailure) and identity.reason == UNKNOWN_KID and self._jwks is not None:
            await self._jwks.refresh()
            identity = self.authenticate(credential)
        return identity

    def _check_ticket_holder(self, holder: Principal | AuthenticationFailure) -> Principal | AuthenticationFailure:
        """Reject a ticket whose key or token was revoked or has expired since it was issued."""
        end = None if isinstance(holder, AuthenticationFailure) else self.session_end(holder)
        if end is None:
            return holder
        return AuthenticationFailure(
            "ticket", end.reason, UNAVAILABLE if end.code == CLOSE_TRY_LATER else UNAUTHENTICATED
        )

    def _check_size(self, headers: Headers) -> None:
        if (
            len(headers.raw) > HEADERS_MAX
            or sum(len(name) + len(value) for name, value in headers.raw) > HEADERS_BYTES_MAX
        ):
            raise ProblemError(
                HEADERS_TOO_LARGE,
                f"the request has more than {HEADERS_MAX} header fields or {HEADERS_BYTES_MAX} bytes of headers",
            )
        length = headers.get("content-length", "0")
        if len(length) > _CONTENT_LENGTH_DIGITS_MAX or not length.isdecimal() or int(length) > self._body_bytes_max:
            raise ProblemError(
                TOO_LARGE,
                f"the request body exceeds {self._body_bytes_max} bytes; message_bytes_max of [api] sets the limit",
            )

    def _record_failure(self, failure: AuthenticationFailure, address: str) -> None:
        """Count and log a failed attempt; beyond the failure limit of an address it is not logged and gets 429."""
        self._metrics.auth_refused.labels(failure.reason).inc()
        if failure.kind is not UNAUTHENTICATED:
            return
        decision = self._failure_limiter.acquire(address, self._steady_s())
        if not decision.allowed:
            self._metrics.rate_limited.labels("failures").inc()
            raise _rate_limited("too many failed authentication attempts", decision, {})
        self.audit.log_refusal(failure.reason, address=address)


async def _repeat(job: Callable[[], Awaitable[None]], interval_s: float) -> None:
    while True:
        await job()
        await asyncio.sleep(interval_s)


def _rate_limited(reason: str, decision: RateLimitDecision, headers: dict[str, str]) -> ProblemError:
    wait_s = max(decision.retry_after_s, 1)
    return ProblemError(
        RATE_LIMITED, f"{reason}; retry after {wait_s} s", headers={**headers, "Retry-After": str(wait_s)}
    )
