"""Security headers of every response: they keep browsers from sniffing, framing, leaking or running its content."""

from collections.abc import Iterable
from typing import Final

SECURITY_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}
HSTS: Final = {"Strict-Transport-Security": "max-age=31536000"}

RawHeaders = list[tuple[bytes, bytes]]


def _raw(headers: dict[str, str]) -> RawHeaders:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


_WITHOUT_HSTS: Final = _raw(SECURITY_HEADERS)
_WITH_HSTS: Final = _raw(SECURITY_HEADERS | HSTS)


def with_security_headers(headers: Iterable[tuple[bytes, bytes]], *, behind_tls: bool) -> RawHeaders:
    """The headers of a response plus those security headers that it does not set itself.

    Parameters
    ----------
    headers
        Names in lower case, as in ASGI.
    behind_tls
        Whether a proxy terminates TLS, so that HSTS is added.

    Examples
    --------
    >>> headers = with_security_headers([(b"content-security-policy", b"default-src 'self'")], behind_tls=False)
    >>> [name.decode() for name, _ in headers]
    ['content-security-policy', 'x-content-type-options', 'referrer-policy', 'cross-origin-resource-policy']
    """
    own = list(headers)
    names = {name for name, _ in own}
    return own + [header for header in (_WITH_HSTS if behind_tls else _WITHOUT_HSTS) if header[0] not in names]
