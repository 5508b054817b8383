"""Settings of security: authentication, tokens, rate limits and the retention of the audit log."""

from typing import Annotated, Literal, Self

import msgspec
from msgspec import Meta

from domain.errors import SettingError
from store.audit_log import RETENTION_DAYS_MIN

SECRET_BYTES_MIN = 32
"""An HS256 key must be at least as long as its hash (RFC 7518 §3.2)."""


class SecuritySettings(msgspec.Struct, frozen=True, kw_only=True):
    """The section `security`. Keep secrets in the environment, not in the file."""

    authentication: Literal["off", "required"] = "off"
    """Whether requests must be authenticated. `off` is for loopback only: the API refuses to start elsewhere."""

    behind_tls: bool = False
    """Whether a proxy in front terminates TLS; responses then tell browsers to use nothing else (HSTS)."""

    proxies: Annotated[int, Meta(ge=0, le=10)] = 0
    """Number of trusted proxies in front, each appending to `X-Forwarded-For`. The client is the address that the
    outermost one saw; with 0 the header is ignored."""

    requests_per_s: Annotated[float, Meta(gt=0)] = 100
    """Requests and WebSocket handshakes per second of one client, with bursts of twice as many. A client is an API key,
    the subject of a token, or an address. Each worker process counts on its own, so n of them allow n times as many."""

    failures_per_minute: Annotated[float, Meta(gt=0)] = 30
    """Failed authentication attempts per minute of one address, with bursts of as many; more are answered 429 and not
    logged. Valid credentials are never locked out by others behind the same address."""

    jwt_issuer: str = ""
    """Issuer of tokens: their claim `iss`. Required to accept tokens, as is the audience."""

    jwt_audience: str = ""
    """Audience of tokens: one of their claim `aud`."""

    jwt_secret: str = ""
    """Secret of tokens signed with HS256, 32 bytes or more. Set it by SIGNALENGINE_SECURITY_JWT_SECRET."""

    jwt_public_key_file: str = ""
    """PEM file with the public key of tokens signed with RS256."""

    jwt_jwks: str = ""
    """Key set (RFC 7517) of tokens signed with RS256: a file or an https URL. It is read again every ten minutes, and
    when a token names a key that is not in it; while it cannot be read, the cached keys are trusted for a day."""

    audit_days: Annotated[int, Meta(ge=RETENTION_DAYS_MIN)] = 365
    """Days that entries of the audit log are kept, with or without authentication; at least 30."""

    jwt_leeway_s: Annotated[float, Meta(ge=0, le=300)] = 30
    """Tolerated difference between the clocks of issuer and API, in seconds."""

    @property
    def required(self) -> bool:
        """Whether requests must be authenticated."""
        return self.authentication == "required"

    @property
    def accepts_tokens(self) -> bool:
        """Whether tokens are accepted beside API keys."""
        return bool(self.jwt_secret or self.jwt_public_key_file or self.jwt_jwks)

    def checked(self) -> Self:
        """Return these settings, if they are consistent.

        Raises
        ------
        SettingError
            If the secret is too short, or settings of tokens conflict or are missing.

        Examples
        --------
        >>> SecuritySettings(jwt_secret="short").checked()
        Traceback (most recent call last):
            ...
        domain.errors.SettingError: jwt_secret of [security] has 5 bytes; use at least 32 random bytes
        """
        length = len(self.jwt_secret.encode())
        if 0 < length < SECRET_BYTES_MIN:
            raise SettingError(
                f"jwt_secret of [security] has {length} bytes; use at least {SECRET_BYTES_MIN} random bytes"
            )
        if self.jwt_public_key_file and self.jwt_jwks:
            raise SettingError("jwt_public_key_file and jwt_jwks of [security] both set the keys of RS256; unset one")
        if self.accepts_tokens and not (self.jwt_issuer and self.jwt_audience):
            raise SettingError(
                "tokens need jwt_issuer and jwt_audience of [security]; otherwise tokens for others would be accepted"
            )
        return self
