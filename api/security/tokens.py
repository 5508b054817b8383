"""Tokens: verification of JSON Web Tokens (RFC 7519) that an external issuer signs.

The configured key determines the algorithm, never the token: HS256 with the secret, RS256 with a public key. So `none`
is rejected, and so is a token signed with the text of a public key as if that were an HMAC secret. A token cannot be
revoked here: issue it for minutes, and its connections are closed when it expires.
"""

import re
from pathlib import Path
from typing import Any, Final

import jwt

from api.errors import UNAVAILABLE
from api.security.jwks import JwksCache, load_public_key
from api.security.principal import AuthenticationFailure, Principal
from api.security.settings import SecuritySettings
from domain.api_keys import SCOPES

UNKNOWN_KID: Final = "unknown_kid"
"""Failure reason after which a refreshed key set may help."""
_DECODE_OPTIONS: Final[Any] = {
    "require": ["exp", "iss", "aud", "sub"],
    "verify_exp": False,  # times are checked below, against the clock that is passed in
    "verify_nbf": False,
    "verify_iat": False,
}
_SUBJECT = re.compile(r"[\x21-\x7e]{1,200}")


class TokenVerifier:
    """Verifies tokens of one issuer.

    Parameters
    ----------
    settings
        Issuer, audience and keys.
    jwks
        The issuer's key set, if one is configured.

    Raises
    ------
    SettingError
        If the public key cannot be read.
    """

    def __init__(self, settings: SecuritySettings, jwks: JwksCache | None) -> None:
        self._settings = settings
        self._jwks = jwks
        self._public = load_public_key(Path(file)) if (file := settings.jwt_public_key_file) else None

    def verify(self, text: str, now_s: float) -> Principal | AuthenticationFailure:
        """The principal of the token `text`, or why it is rejected."""
        if not self._settings.accepts_tokens:
            return AuthenticationFailure("malformed", "malformed API key; expected se_<id>_<secret>")
        try:
            header = jwt.get_unverified_header(text)
        except jwt.InvalidTokenError:
            return _MALFORMED
        if "crit" in header:  # critical extensions, none of which is supported (RFC 7515 §4.1.11)
            return _UNSUPPORTED_ALGORITHM
        key = self._key(header)
        if isinstance(key, AuthenticationFailure):
            return key
        try:
            claims = jwt.decode(
                text,
                key,
                algorithms=[header["alg"]],  # which `_key` has matched with the key
                audience=self._settings.jwt_audience,
                issuer=self._settings.jwt_issuer,
                options=_DECODE_OPTIONS,
            )
        except jwt.InvalidTokenError as problem:
            return _FAILURES.get(type(problem), _MALFORMED)
        return self._principal(claims, now_s)

    def _key(self, header: dict[str, Any]) -> Any:
        """The key that must have signed this token."""
        match header.get("alg"):
            case "HS256" if self._settings.jwt_secret:
                return self._settings.jwt_secret
            case "RS256" if self._public is not None:
                return self._public
            case "RS256" if self._jwks is not None:
                if not (keys := self._jwks.keys):
                    return AuthenticationFailure(
                        "jwks_away", "tokens cannot be verified right now; retry shortly", UNAVAILABLE
                    )
                return keys.get(
                    header.get("kid", ""), AuthenticationFailure(UNKNOWN_KID, "the token is signed with an unknown key")
                )
        return _UNSUPPORTED_ALGORITHM

    def _principal(self, claims: dict[str, Any], now_s: float) -> Principal | AuthenticationFailure:
        leeway_s = self._settings.jwt_leeway_s
        expires_at_s, not_before_s = claims["exp"], claims.get("nbf", 0)
        if not _is_time(expires_at_s) or not _is_time(not_before_s):
            return AuthenticationFailure("malformed", "exp and nbf of the token must be Unix times")
        if now_s >= expires_at_s + leeway_s:
            return AuthenticationFailure("expired", "the token has expired; request a new one")
        if now_s < not_before_s - leeway_s:
            return AuthenticationFailure("not_yet", "the token is not valid yet (nbf)")
        if not _SUBJECT.fullmatch(claims["sub"]):
            return AuthenticationFailure(
                "malformed", "sub of the token must be 1 to 200 printable ASCII characters without spaces"
            )
        granted = _scopes(claims)
        return Principal(
            name=f"token:{claims['sub']}",
            scopes=frozenset(scope for scope in SCOPES if scope in granted),
            expires_at_s=expires_at_s + leeway_s,
        )


def _scopes(claims: dict[str, Any]) -> set[str]:
    """The scopes in the claims `scope` (RFC 8693 §4.2) and `scopes`, including those of other applications."""
    text, values = claims.get("scope", ""), claims.get("scopes", [])
    granted = set(text.split()) if isinstance(text, str) else set()
    return granted | {scope for scope in values if isinstance(scope, str)} if isinstance(values, list) else granted


def _is_time(value: Any) -> bool:
    """Whether `value` is a plausible Unix time in seconds; NaN and infinity are not."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e11


_UNSUPPORTED_ALGORITHM: Final = AuthenticationFailure("algorithm", "unsupported token algorithm or critical extension")
_MALFORMED: Final = AuthenticationFailure("malformed", "malformed credential; expected an API key or a token")
_FAILURES: Final[dict[type[Exception], AuthenticationFailure]] = {
    jwt.InvalidSignatureError: AuthenticationFailure("signature", "the token's signature is invalid"),
    jwt.InvalidAudienceError: AuthenticationFailure("audience", "the token is for another audience (aud)"),
    jwt.InvalidIssuerError: AuthenticationFailure("issuer", "the token is from another issuer (iss)"),
    jwt.MissingRequiredClaimError: AuthenticationFailure(
        "incomplete", "the token must have the claims exp, iss, aud and sub"
    ),
}
