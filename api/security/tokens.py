"""Tokens: JSON Web Tokens (RFC 7519) that somebody else made for their users, checked by our own rules.

The key decides the algorithm and never the token: HS256 with the one secret, RS256 with a public key. So `none` is
refused, and a token that is signed with the text of a public key as if it were a secret finds no such secret.
A token cannot be revoked here; let it live for minutes, and its holder's connection ends when it does.
"""

import re
from pathlib import Path
from typing import Any, Final

import jwt

from api.errors import UNAVAILABLE
from api.security.jwks import Jwks, public_key_of
from api.security.principal import Principal, Refusal
from api.security.settings import SecuritySettings
from domain.api_keys import SCOPES

UNKNOWN_KID: Final = "unknown_kid"
"""The reason that a newer key set may take away."""
_CHECKED_HERE: Final[Any] = {
    "require": ["exp", "iss", "aud", "sub"],
    "verify_exp": False,  # times are held against the clock that we are given
    "verify_nbf": False,
    "verify_iat": False,
}
_SUBJECT = re.compile(r"[\x21-\x7e]{1,200}")


class Tokens:
    """What a token has to be.

    Parameters
    ----------
    settings
        Who makes tokens, for whom, and by which keys.
    jwks
        The key set, if one is set.

    Raises
    ------
    SettingError
        If the public key cannot be read.
    """

    def __init__(self, settings: SecuritySettings, jwks: Jwks | None) -> None:
        self._settings = settings
        self._jwks = jwks
        self._public = public_key_of(Path(file)) if (file := settings.jwt_public_key_file) else None

    def find(self, text: str, now_s: float) -> Principal | Refusal:
        """Who holds the token `text`."""
        if not self._settings.takes_tokens:
            return Refusal("malformed", "this is not a key; one looks like se_<id>_<secret>")
        try:
            header = jwt.get_unverified_header(text)
        except jwt.InvalidTokenError:
            return Refusal("malformed", "this is neither a key nor a token")
        if "crit" in header:  # it asks for rules that we do not know (RFC 7515 §4.1.11)
            return _UNKNOWN_WAY
        key = self._key(header)
        if isinstance(key, Refusal):
            return key
        try:
            claims = jwt.decode(
                text,
                key,
                algorithms=[header["alg"]],  # which `_key` has found to be the key's own
                audience=self._settings.jwt_audience,
                issuer=self._settings.jwt_issuer,
                options=_CHECKED_HERE,
            )
        except jwt.InvalidTokenError as problem:
            return _REFUSALS.get(type(problem), _INVALID)
        return self._principal(claims, now_s)

    def _key(self, header: dict[str, Any]) -> Any:
        """The key that this token has to be signed with."""
        match header.get("alg"):
            case "HS256" if self._settings.jwt_secret:
                return self._settings.jwt_secret
            case "RS256" if self._public is not None:
                return self._public
            case "RS256" if self._jwks is not None:
                if not (keys := self._jwks.keys):
                    return Refusal("jwks_away", "the keys of tokens cannot be had now; try again shortly", UNAVAILABLE)
                return keys.get(header.get("kid", ""), Refusal(UNKNOWN_KID, "nobody we know signed this token"))
        return _UNKNOWN_WAY

    def _principal(self, claims: dict[str, Any], now_s: float) -> Principal | Refusal:
        leeway_s = self._settings.jwt_leeway_s
        until_s, since_s = claims["exp"], claims.get("nbf", 0)
        if not _is_time(until_s) or not _is_time(since_s):
            return Refusal("malformed", "exp and nbf of this token are not times")
        if now_s >= until_s + leeway_s:
            return Refusal("expired", "this token has expired; get a new one")
        if now_s < since_s - leeway_s:
            return Refusal("not_yet", "this token is not valid yet")
        if not _SUBJECT.fullmatch(claims["sub"]):
            return Refusal("malformed", "sub of this token is not 1 to 200 printable characters without blanks")
        granted = _scopes(claims)
        return Principal(
            name=f"token:{claims['sub']}",
            scopes=frozenset(scope for scope in SCOPES if scope in granted),
            expires_at_s=until_s + leeway_s,
        )


def _scopes(claims: dict[str, Any]) -> set[str]:
    """What the claims `scope` (RFC 8693 §4.2) and `scopes` grant; words of other programs may be among them."""
    text, several = claims.get("scope", ""), claims.get("scopes", [])
    granted = set(text.split()) if isinstance(text, str) else set()
    return granted | {scope for scope in several if isinstance(scope, str)} if isinstance(several, list) else granted


def _is_time(value: Any) -> bool:
    """Whether it is seconds since 1970 in some year that calendars know; NaN and infinity are not."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e11


_UNKNOWN_WAY: Final = Refusal("algorithm", "tokens signed in this way are not taken")
_INVALID: Final = Refusal("malformed", "this is neither a key nor a token")
_REFUSALS: Final[dict[type[Exception], Refusal]] = {
    jwt.InvalidSignatureError: Refusal("signature", "nobody we know signed this token"),
    jwt.InvalidAudienceError: Refusal("audience", "this token was made for somebody else"),
    jwt.InvalidIssuerError: Refusal("issuer", "this token was made by somebody else"),
    jwt.MissingRequiredClaimError: Refusal("incomplete", "a token needs exp, iss, aud and sub"),
}
