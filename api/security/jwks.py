"""Key sets: the public keys of those who sign tokens, from a file or an address, read again from time to time."""

import asyncio
import logging
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from api import tasks
from api.settings import is_loopback
from domain.errors import SettingError

log = logging.getLogger(__name__)

RSA_BITS_MIN = 2048
"""RFC 7518 §3.3."""
RENEWED_S = 600.0
"""How old a key set from an address gets before it is asked for again."""
ASKED_S = 30.0
"""How often it is asked for at most, whatever keys strangers name."""
STALE_S = 86_400.0
"""How long keys are believed that could not be had again: whoever signs with one that was withdrawn, and keeps us from
hearing of it, has a day."""
PATIENCE_S = 5.0
"""How long an issuer may be silent, and may take in all."""
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


class Jwks:
    """A key set that is kept fresh.

    Parameters
    ----------
    place
        A file or an address.
    steady_s
        Reads a clock that only goes forward, in seconds.
    patience_s
        How long who asks for a newer set waits for it.

    Raises
    ------
    SettingError
        If it is a file that holds no key set, or an address without TLS.
    """

    def __init__(self, place: str, steady_s: Callable[[], float], patience_s: float = PATIENCE_S) -> None:
        self._place = place
        self._patience_s = patience_s
        self._steady_s = steady_s
        self._known: dict[str, RSAPublicKey] = {}
        self._known_s = steady_s()
        self._asked_s: float | None = None
        self._asking: asyncio.Task[None] | None = None
        if "://" in place:
            _check_address(place)
        else:
            try:
                self._known = parse(Path(place).read_bytes())
            except (OSError, JwksError) as problem:
                raise SettingError(f"jwt_jwks={place!r} of [security]: {problem}") from None

    @property
    def keys(self) -> dict[str, RSAPublicKey]:
        """The keys by their id; none if what was known is too old."""
        return self._known if self._steady_s() - self._known_s <= STALE_S else {}

    async def follow(self) -> None:
        """Ask again if it is time."""
        if not self.keys or self._asked_s is None or self._steady_s() - self._asked_s >= RENEWED_S:
            await self.renew()

    async def renew(self) -> None:
        """Ask again, at most every `ASKED_S`; who comes while another asks waits for the same answer, but not long."""
        if self._asking is None or self._asking.done():
            now_s = self._steady_s()
            if self._asked_s is not None and now_s - self._asked_s < ASKED_S:
                return
            self._asked_s = now_s
            self._asking = tasks.spawn("jwks", self._ask())
        await asyncio.wait({self._asking}, timeout=self._patience_s)

    async def _ask(self) -> None:
        try:
            self._known = parse(await asyncio.to_thread(_content, self._place, self._steady_s))
        except (OSError, ValueError, HTTPException, JwksError) as problem:
            log.warning("jwks_away place=%s error=%s", self._place, problem)
        else:
            self._known_s = self._steady_s()


class _NoRedirect(HTTPRedirectHandler):
    """Whoever may send us elsewhere could send us to a key set of their own."""

    def redirect_request(self, *_: Any) -> Request | None:
        """Follow nobody."""
        return None


_direct = build_opener(ProxyHandler({}), _NoRedirect)
_abroad = build_opener(_NoRedirect)  # by the proxy of the environment, if there is one


def _content(place: str, steady_s: Callable[[], float]) -> bytes:
    if "://" not in place:
        return Path(place).read_bytes()
    end_s, content = steady_s() + PATIENCE_S, bytearray()
    opener = _direct if is_loopback(urlsplit(place).hostname or "") else _abroad
    try:
        with opener.open(place, timeout=PATIENCE_S) as answer:
            while part := answer.read1(SIZE_MAX):
                content += part
                if len(content) > SIZE_MAX:
                    raise JwksError(f"more than {SIZE_MAX} bytes")
                if steady_s() > end_s:
                    raise JwksError(f"not whole after {PATIENCE_S:.0f} s")
    except HTTPError as problem:
        with problem:
            raise JwksError(f"status {problem.code}") from None
    return bytes(content)


def _check_address(place: str) -> None:
    parts = urlsplit(place)
    if not parts.hostname or "@" in parts.netloc:
        raise SettingError("jwt_jwks of [security] has to be an address with a host, and without a password")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        raise SettingError(
            f"jwt_jwks={place!r} of [security] is no https address; whoever can change it on the way can sign tokens"
        )
