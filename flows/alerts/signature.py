"""Signature: who sent a webhook and when, in the form of Standard Webhooks 1.0 (standardwebhooks.com).

The receiver makes the same over what came, compares in constant time, and refuses what is minutes old:

    v1,base64(HMAC-SHA256(secret, "<webhook-id>.<webhook-timestamp>.<body>"))

The id stays the same however often a delivery is tried, so whoever remembers ids takes each once.
"""

import base64
import hmac


def secret_key(secret: bytes) -> bytes:
    """The bytes that sign: what a secret of the form `whsec_<base64>` holds, any other as it is.

    Examples
    --------
    >>> secret_key(b"whsec_c2lnbmFsZW5naW5l"), secret_key(b"plain")
    (b'signalengine', b'plain')
    """
    if secret.startswith(b"whsec_"):
        try:
            return base64.b64decode(secret.removeprefix(b"whsec_"), validate=True)
        except ValueError:
            return secret
    return secret


def headers(delivery_id: str, timestamp_s: int, body: bytes, secret: bytes | None) -> dict[str, str]:
    """The headers of a delivery; without a secret it is not signed.

    Parameters
    ----------
    delivery_id
        The same at each attempt.
    timestamp_s
        When it is sent, in seconds since 1970.
    """
    told = {"Webhook-Id": delivery_id, "Webhook-Timestamp": str(timestamp_s), "Idempotency-Key": delivery_id}
    if secret is not None:
        signed = b".".join((delivery_id.encode(), str(timestamp_s).encode(), body))
        mac = hmac.digest(secret_key(secret), signed, "sha256")
        told["Webhook-Signature"] = f"v1,{base64.b64encode(mac).decode()}"
    return told
