"""Settings of security: whether callers are asked who they are, by what they may prove it, and how much they may do."""

from typing import Annotated, Literal, Self

import msgspec
from msgspec import Meta

from domain.errors import SettingError
from store.audit_log import KEPT_DAYS_MIN

SECRET_BYTES_MIN = 32
"""A key of HS256 is at least as long as its hash (RFC 7518 §3.2)."""


class SecuritySettings(msgspec.Struct, frozen=True, kw_only=True):
    """The section `security`. Secrets belong into the environment, not into the file."""

    authentication: Literal["off", "required"] = "off"
    """Whether callers have to prove who they are. `off` is for loopback alone: elsewhere the API does not start."""

    behind_tls: bool = False
    """A proxy in front speaks TLS, so browsers are told to use nothing else (HSTS)."""

    proxies: Annotated[int, Meta(ge=0, le=10)] = 0
    """Proxies in front that each add to `X-Forwarded-For`. The caller is who called the outermost of them; with 0 the
    header is not believed."""

    requests_per_s: Annotated[float, Meta(gt=0)] = 100
    """Requests and handshakes of one caller, with bursts of twice as many. A caller is a key, the subject of a token,
    or an address. Each worker process counts for itself, so all of them together allow as many times more."""

    failures_per_minute: Annotated[float, Meta(gt=0)] = 30
    """Failed attempts of one address that are answered and logged, with bursts of as many; more are told 429. Who shows
    something valid is never locked out by others behind the same address."""

    jwt_issuer: str = ""
    """Who makes the tokens: their `iss`. Needed for tokens, as is the audience."""

    jwt_audience: str = ""
    """Whom the tokens are for: one of their `aud`."""

    jwt_secret: str = ""
    """Secret of tokens signed with HS256, 32 bytes or more. Set SIGNALENGINE_SECURITY_JWT_SECRET."""

    jwt_public_key_file: str = ""
    """PEM file with the public key of tokens signed with RS256."""

    jwt_jwks: str = ""
    """Key set (RFC 7517) of tokens signed with RS256: a file or an https address. It is read again every ten minutes,
    and when a key is met that is not in it; while it cannot be read, the keys known are believed for a day."""

    audit_days: Annotated[int, Meta(ge=KEPT_DAYS_MIN)] = 365
    """How long the audit log is kept, whoever is asked or not; at least 30 days."""

    jwt_leeway_s: Annotated[float, Meta(ge=0, le=300)] = 30
    """How much the clocks of issuer and API may differ."""

    @property
    def required(self) -> bool:
        """Whether callers have to prove who they are."""
        return self.authentication == "required"

    @property
    def takes_tokens(self) -> bool:
        """Whether tokens are a proof, beside keys."""
        return bool(self.jwt_secret or self.jwt_public_key_file or self.jwt_jwks)

    def checked(self) -> Self:
        """The same, if its fields go together.

        Raises
        ------
        SettingError
            If not.

        Examples
        --------
        >>> SecuritySettings(jwt_secret="short").checked()
        Traceback (most recent call last):
            ...
        domain.errors.SettingError: jwt_secret of [security] has 5 bytes; take at least 32, at random
        """
        if self.jwt_secret and len(self.jwt_secret.encode()) < SECRET_BYTES_MIN:
            given = len(self.jwt_secret.encode())
            raise SettingError(
                f"jwt_secret of [security] has {given} bytes; take at least {SECRET_BYTES_MIN}, at random"
            )
        if self.jwt_public_key_file and self.jwt_jwks:
            raise SettingError(
                "jwt_public_key_file and jwt_jwks of [security] both say who signs with RS256; unset one"
            )
        if self.takes_tokens and not (self.jwt_issuer and self.jwt_audience):
            raise SettingError(
                "tokens need jwt_issuer and jwt_audience of [security]; without both, those for others would be taken"
            )
        return self
