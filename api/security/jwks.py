"""Key sets: the public keys of those who sign tokens, from a file or an address, read again from time to time."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from api.settings import is_loopback
from domain.errors import SettingError

log = logging.getLogger(__name__)

RSA_BITS_MIN = 2048
"""RFC 7518 §3.3."""
RENEWED_S = 600.0
"""How old a key set from an address gets before it is asked for again."""
ASKED_S = 30.0
"""How often it is asked for at most, whatever keys strangers name."""
PATIENCE_S = 5.0
SIZE_MAX = 256 * 1024


class _Set(msgspec.Struct):
    keys: list[dict[str, Any]]


_decoder = msgspec.json.Decoder(_Set)


class JwksError(Exception):
    """A key set that is none, or cannot be had; the message says why."""


def public_key_of(pem: Path) -> RSAPublicKey:
    """The key in a PEM file.

    Raises
    ------
    SettingError
        If there is no RSA key of 2,048 bits or more.
    """
    try:
        key = load_pem_public_key(pem.read_bytes())
    except (OSError, ValueError) as problem:
        raise SettingError(f"jwt_public_key_file={str(pem)!r} of [security] cannot be read ({problem})") from None
    if not isinstance(key, RSAPublicKey) or key.key_size < RSA_BITS_MIN:
        raise SettingError(
            f"jwt_public_key_file={str(pem)!r} of [security] is no public RSA key of {RSA_BITS_MIN} bits or more"
        )
    return key


def parse(content: bytes) -> dict[str, RSAPublicKey]:
    """The keys of a set that may sign with RS256, by their id. Others in it are passed over.

    Raises
    ------
    JwksError
        If it is no key set, or none of its keys will do.
    """
    try:
        members = _decoder.decode(content).keys
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise JwksError(f"not a key set: {problem}") from None
    keys = {}
    for member in members:
        fits = (
            member.get("kty") == "RSA" and member.get("use", "sig") == "sig" and member.get("alg", "RS256") == "RS256"
        )
        if not fits or not isinstance(member.get("kid"), str):
            continue
        try:
            key = jwt.PyJWK(member, algorithm="RS256").key
        except (jwt.PyJWTError, ValueError):
            continue
        if isinstance(key, RSAPublicKey) and key.key_size >= RSA_BITS_MIN:
            keys[member["kid"]] = key
    if not keys:
        raise JwksError(f"holds no RSA key with a kid for RS256 of {RSA_BITS_MIN} bits or more")
    return keys


class KeySet(NamedTuple):
    """Keys by id, and when they were had."""

    keys: dict[str, RSAPublicKey]
    at_s: float


class Jwks:
    """A key set that is kept fresh.

    Parameters
    ----------
    place
        A file or an address.
    steady_s
        Reads a clock that only goes forward, in seconds.

    Raises
    ------
    SettingError
        If it is a file that holds no key set, or an address without TLS.
    """

    def __init__(self, place: str, steady_s: Callable[[], float]) -> None:
        self._place = place
        self._steady_s = steady_s
        self._is_file = "://" not in place
        self._asked_s: float | None = None
        self._turn = asyncio.Lock()
        self.keys: dict[str, RSAPublicKey] = {}
        if self._is_file:
            try:
                self.keys = parse(Path(place).read_bytes())
            except (OSError, JwksError) as problem:
                raise SettingError(f"jwt_jwks={place!r} of [security]: {problem}") from None
        else:
            _check_address(place)

    async def renew(self) -> None:
        """Ask again, at most every `ASKED_S`; who comes while another asks waits for the same answer."""
        async with self._turn:
            now_s = self._steady_s()
            if self._asked_s is not None and now_s - self._asked_s < ASKED_S:
                return
            self._asked_s = now_s
            try:
                self.keys = parse(await asyncio.to_thread(_content, self._place))
            except (OSError, ValueError, JwksError) as problem:
                log.warning("jwks_away place=%s error=%s", self._place, problem)

    @property
    def due(self) -> bool:
        """Whether it is time to ask again."""
        if not self.keys:
            return True
        return not self._is_file and (self._asked_s is None or self._steady_s() - self._asked_s >= RENEWED_S)


class _NoRedirect(HTTPRedirectHandler):
    """Whoever may send us elsewhere could send us to a key set of their own."""

    def redirect_request(self, *_: Any) -> Request | None:
        """Follow nobody."""
        return None


_direct = build_opener(ProxyHandler({}), _NoRedirect)
_abroad = build_opener(_NoRedirect)  # by the proxy of the environment, if there is one


def _content(place: str) -> bytes:
    if "://" not in place:
        return Path(place).read_bytes()
    opener = _direct if is_loopback(urlsplit(place).hostname or "") else _abroad
    try:
        with opener.open(place, timeout=PATIENCE_S) as answer:
            content: bytes = answer.read(SIZE_MAX + 1)
    except HTTPError as problem:
        with problem:
            raise JwksError(f"status {problem.code}") from None
    if len(content) > SIZE_MAX:
        raise JwksError(f"more than {SIZE_MAX} bytes")
    return content


def _check_address(place: str) -> None:
    parts = urlsplit(place)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        raise SettingError(
            f"jwt_jwks={place!r} of [security] is no https address; whoever can change it on the way can sign tokens"
        )
