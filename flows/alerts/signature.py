"""Signature: who sent a webhook and when, in the form of Standard Webhooks 1.0 (standardwebhooks.com).

The receiver makes the same over what came, compares in constant time, and refuses what is over five minutes old:

    v1,base64(HMAC-SHA256(secret, "<webhook-id>.<webhook-timestamp>.<body>"))

The id stays the same however often a delivery is tried, so whoever remembers ids takes each once.
"""

import base64
import hmac
from collections.abc import Sequence
from typing import Final

BYTES_MIN: Final = 24
"""Of a secret, as the standard wants it."""


def secret_keys(text: str) -> tuple[bytes, ...]:
    """The bytes that sign.

    Parameters
    ----------
    text
        A secret, or several with spaces between while one takes the place of another: of the form `whsec_<base64>`,
        which libraries of Standard Webhooks take as it is; or any other, whose own letters then sign.

    Raises
    ------
    ValueError
        If one is not base64 though it says so, or has less than 24 bytes.

    Examples
    --------
    >>> secret_keys("whsec_c2lnbmFsZW5naW5lIHNpZ25hbGVuZ2luZQ== 0123456789abcdef01234567")
    (b'signalengine signalengine', b'0123456789abcdef01234567')
    """
    keys = tuple(_key(secret) for secret in text.split())
    shortest = min(map(len, keys), default=0)
    if shortest < BYTES_MIN:
        raise ValueError(f"has {shortest} bytes; take {BYTES_MIN} or more")
    return keys


def _key(secret: str) -> bytes:
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        raise ValueError("begins with whsec_ and does not go on in base64") from None


def headers(delivery_id: str, timestamp_s: int, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
    """The headers of a delivery, with a signature by each key; without keys it is not signed.

    Parameters
    ----------
    delivery_id
        The same at each attempt.
    timestamp_s
        When it is sent, in seconds since 1970.
    """
    told = {"Webhook-Id": delivery_id, "Webhook-Timestamp": str(timestamp_s), "Idempotency-Key": delivery_id}
    if keys:
        signed = b".".join((delivery_id.encode(), str(timestamp_s).encode(), body))
        macs = (base64.b64encode(hmac.digest(key, signed, "sha256")).decode() for key in keys)
        told["Webhook-Signature"] = " ".join(f"v1,{mac}" for mac in macs)
    return told
