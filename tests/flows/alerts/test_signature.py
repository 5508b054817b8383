import re
import time
from pathlib import Path
from typing import Any

import pytest

from flows.alerts import signature

README = Path(__file__).parents[3] / "README.md"


def test_signature_matches_the_standard() -> None:
    """The example of the Standard Webhooks reference libraries."""
    headers = signature.headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
        signature.secret_keys("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    )
    assert headers["Webhook-Signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["Webhook-Id"] == headers["Idempotency-Key"] == "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert headers["Webhook-Timestamp"] == "1614265330"


def test_without_a_secret_there_is_no_signature() -> None:
    assert "Webhook-Signature" not in signature.headers("msg_1", 0, b"", ())


def test_both_secrets_sign_during_rotation() -> None:
    old, new = "a" * 24, "b" * 24
    (alone,), (other,) = (
        signature.headers("msg_1", 7, b"{}", signature.secret_keys(secret))["Webhook-Signature"].split()
        for secret in (old, new)
    )
    both = signature.headers("msg_1", 7, b"{}", signature.secret_keys(f"{old} {new}"))
    assert both["Webhook-Signature"] == f"{alone} {other}"


@pytest.mark.parametrize(
    ("secret", "message"),
    [
        ("short", "has 5 bytes; use 24 or more"),
        ("", "has 0 bytes"),
        (" ", "has 0 bytes"),
        ("a" * 24 + " short", "has 5 bytes"),
        ("whsec_" + "a" * 24, "has 18 bytes"),
        ("whsec_" + "ä" * 40, "is not base64 after it"),
        ("whsec_" + "a" * 41, "is not base64 after it"),
    ],
)
def test_invalid_secret_is_refused_and_not_quoted(secret: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as raised:
        signature.secret_keys(secret)
    assert not secret.strip() or secret not in str(raised.value)


def test_verification_in_the_readme_works() -> None:
    (code,) = re.findall(r"```python\n(# verify.py.*?)```", README.read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    verified, secret, now_s = names["verified"], "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", round(time.time())

    def sent(at_s: int, secrets: str = secret) -> dict[str, str]:
        headers = signature.headers("msg_1", at_s, b"{}", signature.secret_keys(secrets))
        return {name.lower(): text for name, text in headers.items()}

    other = "whsec_" + "a" * 32
    assert verified(sent(now_s), b"{}", secret)
    assert verified(sent(now_s, f"{other} {secret}"), b"{}", secret)
    assert not verified(sent(now_s), b"{ }", secret)
    assert not verified(sent(now_s, other), b"{}", secret)
    assert not verified(sent(now_s - 400), b"{}", secret)
    assert not verified(sent(now_s + 400), b"{}", secret)
    assert not verified(sent(now_s) | {"webhook-id": "msg_2"}, b"{}", secret)
    assert not verified(sent(now_s) | {"webhook-timestamp": "soon"}, b"{}", secret)
    assert not verified(sent(now_s) | {"webhook-signature": "v1,é"}, b"{}", secret)
    assert not verified({}, b"{}", secret)
