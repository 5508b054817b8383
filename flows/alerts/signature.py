"""Signature: proves who sent a webhook and when, as specified by Standard Webhooks 1.0 (standardwebhooks.com).

The receiver computes the same signature, compares it in constant time, and rejects timestamps older than five minutes:

    v1,base64(HMAC-SHA256(secret, "<webhook-id>.<webhook-timestamp>.<body>"))

The id is the same for every attempt of a delivery, so a receiver that remembers ids processes each delivery once.
"""

import base64
import hmac
from collections.abc import Sequence
from typing import Final

SECRET_BYTES_MIN: Final = 24
"""Shortest secret that the standard allows."""


def secret_keys(text: str) -> tuple[bytes, ...]:
    """The signing keys in a secret.

    Parameters
    ----------
    text
        A secret, or several separated by spaces while one is rotated: either `whsec_<base64>`, the form that libraries
        of Standard Webhooks accept, or any other text, whose UTF-8 bytes are then the key.

    Raises
    ------
    ValueError
        If one begins with `whsec_` and is not base64, or has less than 24 bytes.

    Examples
    --------
    >>> secret_keys("whsec_c2lnbmFsZW5naW5lIHNpZ25hbGVuZ2luZQ== 0123456789abcdef01234567")
    (b'signalengine signalengine', b'0123456789abcdef01234567')
    """
    keys = tuple(_key(secret) for secret in text.split())
    shortest = min(map(len, keys), default=0)
    if shortest < SECRET_BYTES_MIN:
        raise ValueError(f"has {shortest} bytes; use {SECRET_BYTES_MIN} or more")
    return keys


def _key(secret: str) -> bytes:
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        raise ValueError("begins with whsec_ but is not base64 after it") from None


def headers(delivery_id: str, timestamp_s: int, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
    """The headers of a delivery, with one signature for each key; without keys it is not signed.

    Parameters
    ----------
    delivery_id
        The same for each attempt.
    timestamp_s
        Time of sending, in seconds since 1970.
    """
    values = {"Webhook-Id": delivery_id, "Webhook-Timestamp": str(timestamp_s), "Idempotency-Key": delivery_id}
    if keys:
        signed = b".".join((delivery_id.encode(), str(timestamp_s).encode(), body))
        macs = (base64.b64encode(hmac.digest(key, signed, "sha256")).decode() for key in keys)
        values["Webhook-Signature"] = " ".join(f"v1,{mac}" for mac in macs)
    return values
