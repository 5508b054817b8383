"""Gate: who a caller is and whether they may come in now, for REST and for the handshake of a WebSocket alike."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from starlette.datastructures import Headers

from api.errors import HEADERS_TOO_LARGE, RATE_LIMITED, TOO_LARGE, UNAUTHENTICATED, UNAVAILABLE, ProblemError
from api.feed.messages import CLOSE_TRY_LATER
from api.metrics import Metrics
from api.security.audit import Audit
from api.security.credentials import Credential, find
from api.security.jwks import Jwks
from api.security.keyring import KeyRing
from api.security.limits import Limits, Verdict, address_of
from api.security.principal import LOCAL, NOBODY, Principal, Refusal
from api.security.sessions import Ending, ending
from api.security.settings import SecuritySettings
from api.security.tickets import Tickets
from api.security.tokens import UNKNOWN_KID, Tokens
from domain.api_keys import looks_like
from store.postgres import Pool

log = logging.getLogger(__name__)

HEADERS_BYTES_MAX = 16_384
HEADERS_MAX = 100
FLUSH_S = 1.0
TIDY_S = 3600.0
REFRESH_S = 2.0
"""How long a revoked key may still be taken."""
LOOK_S = 1.0
_MINUTE_S = 60.0
_DIGITS_MAX = 18


class Visitor(NamedTuple):
    """Who came in.

    Attributes
    ----------
    caller
        Who they are, or why they are not believed; what asks for no scope is open to both.
    address
        Where they came from, as far as it stands for somebody.
    headers
        To be sent with the answer.
    """

    caller: Principal | Refusal
    address: str
    headers: dict[str, str]


class Gate:
    """Everything that is asked of a caller before anything is done for them.

    Parameters
    ----------
    settings
        The section `security`.
    body_bytes_max
        The largest content of a request.
    now_ns, steady_s
        As `api.app.build` takes them.

    Raises
    ------
    SettingError
        If the keys of tokens cannot be read.
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
        self.audit = Audit(pool, now_ns, settings.audit_days)
        self.tickets = Tickets(redis_url)
        self.ring = KeyRing(pool, now_ns)
        self._jwks = Jwks(settings.jwt_jwks, steady_s) if settings.jwt_jwks else None
        self._tokens = Tokens(settings, self._jwks)
        self._callers = Limits(settings.requests_per_s)
        self._strangers = Limits(settings.requests_per_s)  # apart: many addresses push no caller out of memory
        self._failures = Limits(settings.failures_per_minute / _MINUTE_S, _MINUTE_S)
        self._metrics = metrics
        self._body_bytes_max = body_bytes_max
        self._now_ns = now_ns
        self._steady_s = steady_s

    async def admit(self, headers: Headers, query: bytes, peer: str, *, websocket: bool = False) -> Visitor:
        """Look at the head of a request.

        Parameters
        ----------
        headers, query
            As they came.
        peer
            Address of whoever opened the connection.
        websocket
            It is the handshake of one.

        Raises
        ------
        ProblemError
            `HEADERS_TOO_LARGE`, `TOO_LARGE` or `RATE_LIMITED`, whoever it is.
        """
        self._measure(headers)
        if not self.settings.required:
            return Visitor(LOCAL, peer, {})
        address = address_of(peer, headers.getlist("x-forwarded-for"), self.settings.proxies)
        caller = await self._caller(headers, query, websocket=websocket)
        if isinstance(caller, Principal):
            what, limits, who = "caller", self._callers, caller.name
        else:
            what, limits, who = "address", self._strangers, address
            if caller is not NOBODY:
                self._count_failure(caller, address)
        verdict = limits.take(who, self._steady_s())
        told = {"RateLimit-Policy": limits.policy, "RateLimit": f'"default";r={verdict.left};t={verdict.wait_s}'}
        if not verdict.allowed:
            self._metrics.rate_limited.labels(what).inc()
            raise _too_many("too many requests", verdict, told)
        return Visitor(caller, address, told)

    def ending(self, principal: Principal) -> Ending | None:
        """Why somebody who came in has to leave now; None if they may stay."""
        if principal is LOCAL:
            return None
        return ending(principal, self.ring, self._now_ns() / 1e9)

    def note_lack(self, caller: Principal, address: str) -> None:
        """Count and log that somebody lacks a scope; more than a few of one caller are not logged."""
        self._metrics.auth_refused.labels("scope").inc()
        if self._failures.take(caller.name, self._steady_s()).allowed:
            self.audit.refused("scope", address=address, who=caller.name)

    async def open(self) -> None:
        """Have keys before the first caller comes, if they can be had."""
        if self.settings.required:
            await self.ring.refresh()
            if self._jwks is not None:
                await self._jwks.follow()

    async def run(self) -> None:
        """Keep watch until cancelled. Each watches for itself: an issuer who is slow to answer delays no revocation."""
        watches = [(FLUSH_S, self.audit.flush), (TIDY_S, self.audit.tidy)]
        if self.settings.required:
            watches.append((REFRESH_S, self.ring.refresh))
            if self._jwks is not None:
                watches.append((LOOK_S, self._jwks.follow))
        async with asyncio.TaskGroup() as group:
            for pause_s, watch in watches:
                group.create_task(_repeat(watch, pause_s))

    async def close(self) -> None:
        """Write down what waits, and let go of all connections."""
        await self.audit.flush()
        await self.tickets.close()

    async def _caller(self, headers: Headers, query: bytes, *, websocket: bool) -> Principal | Refusal:
        shown = find(headers, query, websocket=websocket)
        if isinstance(shown, Refusal):
            return shown
        if shown.kind == "ticket":
            return self._if_it_stays(await self.tickets.redeem(shown.text))
        caller = self.authenticate(shown)
        if isinstance(caller, Refusal) and caller.reason == UNKNOWN_KID and self._jwks is not None:
            await self._jwks.renew()
            caller = self.authenticate(shown)
        return caller

    def _if_it_stays(self, holder: Principal | Refusal) -> Principal | Refusal:
        """What a ticket was made with may have ended since."""
        end = None if isinstance(holder, Refusal) else self.ending(holder)
        if end is None:
            return holder
        return Refusal("ticket", end.reason, UNAVAILABLE if end.code == CLOSE_TRY_LATER else UNAUTHENTICATED)

    def authenticate(self, shown: Credential) -> Principal | Refusal:
        """Who holds a key or a token, by what is known now; asks nobody."""
        now_s = self._now_ns() / 1e9
        return (self.ring if looks_like(shown.text) else self._tokens).find(shown.text, now_s)

    def _measure(self, headers: Headers) -> None:
        if (
            len(headers.raw) > HEADERS_MAX
            or sum(len(name) + len(value) for name, value in headers.raw) > HEADERS_BYTES_MAX
        ):
            raise ProblemError(
                HEADERS_TOO_LARGE, f"more than {HEADERS_MAX} header fields, or {HEADERS_BYTES_MAX} bytes of them"
            )
        length = headers.get("content-length", "0")
        if len(length) > _DIGITS_MAX or not length.isdecimal() or int(length) > self._body_bytes_max:
            raise ProblemError(
                TOO_LARGE, f"more than {self._body_bytes_max} bytes; message_bytes_max of [api] sets the limit"
            )

    def _count_failure(self, refusal: Refusal, address: str) -> None:
        """Count and log a failed attempt; more than a few of one address are not even logged."""
        self._metrics.auth_refused.labels(refusal.reason).inc()
        if refusal.kind is not UNAUTHENTICATED:
            return
        verdict = self._failures.take(address, self._steady_s())
        if not verdict.allowed:
            self._metrics.rate_limited.labels("failures").inc()
            raise _too_many("too many failed attempts", verdict, {})
        self.audit.refused(refusal.reason, address=address)


async def _repeat(watch: Callable[[], Awaitable[None]], pause_s: float) -> None:
    while True:
        await watch()
        await asyncio.sleep(pause_s)


def _too_many(what: str, verdict: Verdict, told: dict[str, str]) -> ProblemError:
    wait_s = max(verdict.wait_s, 1)
    return ProblemError(RATE_LIMITED, f"{what}; try again in {wait_s} s", headers={**told, "Retry-After": str(wait_s)})
