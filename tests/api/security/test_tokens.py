import base64
import hmac
import json
from pathlib import Path
from typing import Any

import jwt
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.security.jwks import JwksCache
from api.security.principal import AuthenticationFailure, Principal
from api.security.settings import SecuritySettings
from api.security.tokens import TokenVerifier
from domain.errors import SettingError
from tests.api.security.keys import AUDIENCE, ISSUER, SECRET, WITH_SECRET, claims, jwk, private_key, public_pem, token

NOW = 1_800_000_000.0


def reason(tokens: TokenVerifier, text: str, now_s: float = NOW) -> str:
    identity = tokens.verify(text, now_s)
    return identity.reason if isinstance(identity, AuthenticationFailure) else "valid"


def segment(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@pytest.fixture
def with_secret() -> TokenVerifier:
    return TokenVerifier(WITH_SECRET, None)


@pytest.fixture
def with_public_key(tmp_path: Path) -> TokenVerifier:
    pem = tmp_path / "key.pem"
    pem.write_bytes(public_pem())
    return TokenVerifier(msgspec.structs.replace(WITH_SECRET, jwt_public_key_file=str(pem)), None)


@pytest.fixture
def with_key_set(tmp_path: Path) -> TokenVerifier:
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [jwk("a"), {"kty": "EC"}, {"kty": "RSA", "kid": "b"}]}))
    settings = SecuritySettings(jwt_issuer=ISSUER, jwt_audience=AUDIENCE, jwt_jwks=str(file))
    return TokenVerifier(settings, JwksCache(str(file), lambda: 0.0))


def test_valid_token_gives_name_scopes_and_expiry(with_secret: TokenVerifier) -> None:
    ada = Principal(name="token:ada", scopes=frozenset({"read", "stream"}), expires_at_s=NOW + 60)
    assert with_secret.verify(token(NOW), NOW) == ada
    assert with_secret.verify(token(NOW, aud=["other", AUDIENCE], scope=None, scopes=["stream", "read", 7]), NOW) == ada
    assert with_secret.verify(token(NOW, scope="read stream write openid"), NOW) == ada
    unscoped = with_secret.verify(token(NOW, scope=None), NOW)
    assert isinstance(unscoped, Principal)
    assert unscoped.scopes == frozenset()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"aud": "other"}, "audience"),
        ({"aud": None}, "incomplete"),
        ({"iss": "https://other.example"}, "issuer"),
        ({"iss": None}, "incomplete"),
        ({"sub": None}, "incomplete"),
        ({"sub": ""}, "malformed"),
        ({"sub": "two words"}, "malformed"),
        ({"sub": "a\nb"}, "malformed"),
        ({"exp": None}, "incomplete"),
        ({"exp": NOW}, "expired"),
        ({"exp": NOW - 60}, "expired"),
        ({"exp": "soon"}, "malformed"),
        ({"exp": 1e300}, "malformed"),
        ({"exp": True}, "malformed"),
        ({"nbf": NOW + 1}, "not_yet"),
        ({"nbf": "later"}, "malformed"),
    ],
)
def test_token_with_invalid_claims_is_rejected(
    with_secret: TokenVerifier, changes: dict[str, Any], expected: str
) -> None:
    assert reason(with_secret, token(NOW, **changes)) == expected


def test_leeway_allows_for_clock_differences() -> None:
    tokens = TokenVerifier(msgspec.structs.replace(WITH_SECRET, jwt_leeway_s=30), None)
    assert reason(tokens, token(NOW, exp=NOW), NOW + 29) == "valid"
    assert reason(tokens, token(NOW, exp=NOW), NOW + 30) == "expired"
    assert reason(tokens, token(NOW, nbf=NOW + 30)) == "valid"


def test_token_signed_with_another_secret_is_rejected(with_secret: TokenVerifier) -> None:
    assert reason(with_secret, token(NOW, key=SECRET[::-1])) == "signature"
    head, body, _ = token(NOW).split(".")
    assert reason(with_secret, f"{head}.{body}.") == "signature"


def test_unsigned_token_is_rejected(with_secret: TokenVerifier, with_public_key: TokenVerifier) -> None:
    for name in ("none", "None", "NONE", "nOnE", ""):
        text = f"{segment({'alg': name})}.{segment(claims(NOW))}."
        assert reason(with_secret, text) == "algorithm"
        assert reason(with_public_key, text) == "algorithm"


def test_token_with_critical_extensions_is_rejected(with_secret: TokenVerifier) -> None:
    """RFC 7515 §4.1.11; and RFC 7797, by which the payload would not be encoded."""
    headers: list[dict[str, Any]] = [
        {"crit": ["exp"], "exp": 1},
        {"crit": ["b64"], "b64": False},
        {"crit": []},
        {"crit": "x"},
    ]
    for header in headers:
        head = segment({"alg": "HS256", **header})
        body = segment(claims(NOW))
        mac = hmac.digest(SECRET.encode(), f"{head}.{body}".encode(), "sha256")
        text = f"{head}.{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
        assert reason(with_secret, text) in ("algorithm", "malformed")


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_other_algorithms_are_rejected_despite_the_right_secret(with_secret: TokenVerifier, algorithm: str) -> None:
    long = SECRET * 2
    tokens = TokenVerifier(msgspec.structs.replace(WITH_SECRET, jwt_secret=long), None)
    assert reason(tokens, token(NOW, key=long, algorithm=algorithm)) == "algorithm"


def signed(body: dict[str, Any], key: bytes) -> str:
    """An HS256 token that no library would sign."""
    text = f"{segment({'alg': 'HS256', 'kid': 'a'})}.{segment(body)}"
    mac = hmac.digest(key, text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def test_public_key_is_not_accepted_as_an_hmac_secret(
    with_public_key: TokenVerifier, with_key_set: TokenVerifier
) -> None:
    """Algorithm confusion of RS256 and HS256 (CVE-2015-9235)."""
    for key in (public_pem(), public_pem().strip()):
        assert reason(with_public_key, signed(claims(NOW), key)) == "signature"
        assert reason(with_key_set, signed(claims(NOW), key)) == "algorithm"


def test_public_key_file(with_public_key: TokenVerifier) -> None:
    assert reason(with_public_key, token(NOW, private_key(), "RS256")) == "valid"
    assert reason(with_public_key, token(NOW)) == "valid"
    assert reason(with_public_key, token(NOW, private_key(1), "RS256")) == "signature"


def test_key_set_is_searched_by_kid(with_key_set: TokenVerifier) -> None:
    assert reason(with_key_set, token(NOW, private_key(), "RS256", {"kid": "a"})) == "valid"
    assert reason(with_key_set, token(NOW, private_key(1), "RS256", {"kid": "a"})) == "signature"
    assert reason(with_key_set, token(NOW, private_key(), "RS256", {"kid": "b"})) == "unknown_kid"
    assert reason(with_key_set, token(NOW, private_key(), "RS256")) == "unknown_kid"


def test_keys_embedded_in_a_token_are_ignored(with_key_set: TokenVerifier) -> None:
    """Otherwise an attacker could supply both the key and the signature."""
    embedded = {"jwk": jwk("mine", 1), "jku": "https://evil.example/jwks.json", "kid": "mine"}
    text = jwt.encode(claims(NOW), private_key(1), "RS256", headers=embedded)
    assert reason(with_key_set, text) == "unknown_kid"


def test_tokens_are_rejected_if_none_are_configured() -> None:
    tokens = TokenVerifier(SecuritySettings(authentication="required"), None)
    assert reason(tokens, token(NOW)) == "malformed"


@given(st.text(max_size=60) | st.from_regex(r"[\w-]{0,20}\.[\w-]{0,20}\.[\w-]{0,20}", fullmatch=True))
def test_malformed_text_is_rejected(text: str) -> None:
    assert isinstance(TokenVerifier(WITH_SECRET, None).verify(text, NOW), AuthenticationFailure)


TEXTS = st.text(max_size=9)
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.lists(TEXTS, max_size=3)
NAMES = st.sampled_from(["iss", "aud", "sub", "exp", "nbf", "scope", "scopes"])


@given(st.dictionaries(NAMES, VALUES))
def test_claims_of_any_type_are_handled(changes: dict[str, Any]) -> None:
    body = claims(NOW) | changes
    assert isinstance(
        TokenVerifier(WITH_SECRET, None).verify(signed(body, SECRET.encode()), NOW), Principal | AuthenticationFailure
    )


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"])
def test_file_without_a_key_is_rejected_at_the_start(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(content)
    with pytest.raises(SettingError, match=r"jwt_public_key_file='.*key\.pem'"):
        TokenVerifier(msgspec.structs.replace(WITH_SECRET, jwt_public_key_file=str(file)), None)
