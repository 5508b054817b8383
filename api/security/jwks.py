"""JWKS cache: the public keys of a token issuer (RFC 7517), from a file or a URL, refreshed periodically."""

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
REFRESH_INTERVAL_S = 600.0
"""Age at which the key set is fetched again."""
FETCH_INTERVAL_MIN_S = 30.0
"""Least time between two fetches, however many unknown key ids clients send."""
STALE_AFTER_S = 86_400.0
"""How long keys are trusted while they cannot be fetched again: an attacker who has a withdrawn key, and blocks the
issuer, can use it for a day at most."""
FETCH_TIMEOUT_S = 5.0
"""Of each read, and of the whole fetch."""
BYTES_MAX = 256 * 1024


class _KeySet(msgspec.Struct):
    keys: list[dict[str, Any]]


_decoder = msgspec.json.Decoder(_KeySet)


class JwksError(Exception):
    """A key set that is invalid or cannot be fetched; the message says why."""


def load_public_key(pem: Path) -> RSAPublicKey:
    """Load an RSA public key from a PEM file.

    Raises
    ------
    SettingError
        If the file cannot be read, or holds no RSA public key of 2,048 bits or more.
    """
    try:
        key = load_pem_public_key(pem.read_bytes())
    except (OSError, ValueError) as problem:
        raise SettingError(f"jwt_public_key_file={str(pem)!r} of [security] cannot be read ({problem})") from None
    if not isinstance(key, RSAPublicKey) or key.key_size < RSA_BITS_MIN:
        raise SettingError(
            f"jwt_public_key_file={str(pem)!r} of [security] is not an RSA public key of {RSA_BITS_MIN} bits or more"
        )
    return key


def parse(content: bytes) -> dict[str, RSAPublicKey]:
    """The keys of a key set that can verify RS256, by key id; other keys are skipped.

    Raises
    ------
    JwksError
        If it is not a key set, or holds no such key.
    """
    try:
        members = _decoder.decode(content).keys
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise JwksError(f"not a key set: {problem}") from None
    keys = {}
    for member in members:
        can_verify = (
            member.get("kty") == "RSA" and member.get("use", "sig") == "sig" and member.get("alg", "RS256") == "RS256"
        )
        if not can_verify or not isinstance(member.get("kid"), str):
            continue
        try:
            key = jwt.PyJWK(member, algorithm="RS256").key
        except (jwt.PyJWTError, ValueError):
            continue
        if isinstance(key, RSAPublicKey) and key.key_size >= RSA_BITS_MIN:
            keys[member["kid"]] = key
    if not keys:
        raise JwksError(f"no RS256 key with a kid and {RSA_BITS_MIN} bits or more in the key set")
    return keys


class JwksCache:
    """Holds the latest key set of an issuer.

    Parameters
    ----------
    location
        Path of a file, or a URL.
    steady_s
        Reads a monotonic clock, in seconds.
    wait_s
        How long a caller of `refresh` waits for the fetch.

    Raises
    ------
    SettingError
        If the file holds no key set, or the URL is invalid or not https.
    """

    def __init__(self, location: str, steady_s: Callable[[], float], wait_s: float = FETCH_TIMEOUT_S) -> None:
        self._location = location
        self._wait_s = wait_s
        self._steady_s = steady_s
        self._keys: dict[str, RSAPublicKey] = {}
        self._fetched_at_s = steady_s()
        self._attempted_at_s: float | None = None
        self._fetching: asyncio.Task[None] | None = None
        if "://" in location:
            _check_url(location)
        else:
            try:
                self._keys = parse(Path(location).read_bytes())
            except (OSError, JwksError) as problem:
                raise SettingError(f"jwt_jwks={location!r} of [security]: {problem}") from None

    @property
    def keys(self) -> dict[str, RSAPublicKey]:
        """Public keys by key id; empty if they are too old to be trusted."""
        return self._keys if self._steady_s() - self._fetched_at_s <= STALE_AFTER_S else {}

    async def refresh_if_due(self) -> None:
        """Fetch the key set if it is missing or older than `REFRESH_INTERVAL_S`."""
        attempted_at_s = self._attempted_at_s
        if not self.keys or attempted_at_s is None or self._steady_s() - attempted_at_s >= REFRESH_INTERVAL_S:
            await self.refresh()

    async def refresh(self) -> None:
        """Fetch the key set, at most every `FETCH_INTERVAL_MIN_S`; concurrent callers share one fetch."""
        if self._fetching is None or self._fetching.done():
            now_s = self._steady_s()
            if self._attempted_at_s is not None and now_s - self._attempted_at_s < FETCH_INTERVAL_MIN_S:
                return
            self._attempted_at_s = now_s
            self._fetching = tasks.spawn("jwks", self._fetch())
        await asyncio.wait({self._fetching}, timeout=self._wait_s)

    async def _fetch(self) -> None:
        try:
            self._keys = parse(await asyncio.to_thread(_read, self._location, self._steady_s))
        except (OSError, ValueError, HTTPException, JwksError) as problem:
            log.warning("jwks_unavailable location=%s error=%s", self._location, problem)
        else:
            self._fetched_at_s = self._steady_s()


class _NoRedirect(HTTPRedirectHandler):
    """Redirects are errors: following one would let another host supply the keys."""

    def redirect_request(self, *_: Any) -> Request | None:
        """Reject the redirect."""
        return None


_direct_opener = build_opener(ProxyHandler({}), _NoRedirect)
_proxied_opener = build_opener(_NoRedirect)  # through the proxy of the environment, if one is set


def _read(location: str, steady_s: Callable[[], float]) -> bytes:
    if "://" not in location:
        return Path(location).read_bytes()
    deadline_s, content = steady_s() + FETCH_TIMEOUT_S, bytearray()
    opener = _direct_opener if is_loopback(urlsplit(location).hostname or "") else _proxied_opener
    try:
        with opener.open(location, timeout=FETCH_TIMEOUT_S) as response:
            while chunk := response.read1(BYTES_MAX):
                content += chunk
                if len(content) > BYTES_MAX:
                    raise JwksError(f"response exceeds {BYTES_MAX} bytes")
                if steady_s() > deadline_s:
                    raise JwksError(f"response incomplete after {FETCH_TIMEOUT_S:.0f} s")
    except HTTPError as problem:
        with problem:
            raise JwksError(f"HTTP status {problem.code}") from None
    return bytes(content)


def _check_url(location: str) -> None:
    parts = urlsplit(location)
    if not parts.hostname or "@" in parts.netloc:
        raise SettingError("jwt_jwks of [security] must be a URL with a host and without a password")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        raise SettingError(
            f"jwt_jwks={location!r} of [security] must be an https URL: over http, keys can be replaced in transit"
        )
