"""API keys, tokens and security settings for tests."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from typing import Any

import jwt
import psycopg
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from api.security.settings import SecuritySettings
from domain.api_keys import ApiKey, Scope, format_key, parse
from store import api_keys
from tests.api.conftest import Api

ISSUER, AUDIENCE = "https://issuer.example", "signalengine"
SECRET = "0123456789abcdef0123456789abcdef"
REQUIRED = SecuritySettings(authentication="required")
WITH_SECRET = SecuritySettings(
    authentication="required", jwt_issuer=ISSUER, jwt_audience=AUDIENCE, jwt_secret=SECRET, jwt_leeway_s=0
)
_numbers = count(1)


def private_key(number: int = 0) -> rsa.RSAPrivateKey:
    """One of a few keys, each generated once."""
    return _generate(number)


@cache
def _generate(number: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_pem(number: int = 0) -> bytes:
    return private_key(number).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def jwk(kid: str, number: int = 0, **changes: Any) -> dict[str, Any]:
    """The public key as a member of a key set."""
    member: dict[str, Any] = jwt.algorithms.RSAAlgorithm.to_jwk(private_key(number).public_key(), as_dict=True)
    return member | {"kid": kid, "use": "sig", "alg": "RS256"} | changes


def claims(now_s: float, **changes: Any) -> dict[str, Any]:
    """The claims of a valid token; None leaves a claim out."""
    valid = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "exp": now_s + 60, "scope": "read stream"}
    return {name: value for name, value in (valid | changes).items() if value is not None}


def token(
    now_s: float, key: Any = SECRET, algorithm: str = "HS256", headers: Mapping[str, str] | None = None, **changes: Any
) -> str:
    return jwt.encode(claims(now_s, **changes), key, algorithm, headers=dict(headers or {}))


def make_key(connection: psycopg.Connection, *scopes: Scope, expires_at: datetime | None = None) -> tuple[str, ApiKey]:
    """Create a key in Postgres; returns its text and record."""
    number = next(_numbers)
    text = format_key(number.to_bytes(6, "big"), number.to_bytes(32, "big"))
    parts = parse(text)
    assert parts is not None
    key = ApiKey(
        id=parts.id,
        name=f"key {number}",
        digest=parts.digest,
        scopes=scopes or ("read", "stream"),
        created_at=datetime.now(UTC) - timedelta(days=1),
        expires_at=expires_at,
    )
    api_keys.create(connection, key, actor="test")
    return text, key


def key_headers(api: Api, *scopes: Scope, expires_at: datetime | None = None) -> dict[str, str]:
    """The headers of a new key, which is already in the cache of the API."""
    text, _ = make_key(api.connection, *scopes, expires_at=expires_at)
    active = [key for key in api_keys.list_all(api.connection) if key.revoked_at is None]
    api.resources.access.keys.replace(active, time.time())
    return bearer(text)


def bearer(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}
