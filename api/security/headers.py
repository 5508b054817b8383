"""Headers of every answer, whoever gives it: they keep a browser from doing more with it than show it."""

from collections.abc import Iterable
from typing import Final

SECURITY_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}
HSTS: Final = {"Strict-Transport-Security": "max-age=31536000"}

Raw = list[tuple[bytes, bytes]]


def _raw(headers: dict[str, str]) -> Raw:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


_PLAIN: Final = _raw(SECURITY_HEADERS)
_BEHIND_TLS: Final = _raw(SECURITY_HEADERS | HSTS)


def protected(headers: Iterable[tuple[bytes, bytes]], *, behind_tls: bool) -> Raw:
    """The headers of an answer, and ours as far as it does not set them itself.

    Parameters
    ----------
    headers
        With names in lower case, as ASGI has them.
    behind_tls
        Browsers are to come by TLS alone.

    Examples
    --------
    >>> answer = protected([(b"content-security-policy", b"default-src 'self'")], behind_tls=False)
    >>> [name.decode() for name, _ in answer]
    ['content-security-policy', 'x-content-type-options', 'referrer-policy', 'cross-origin-resource-policy']
    """
    given = list(headers)
    names = {name for name, _ in given}
    return given + [header for header in (_BEHIND_TLS if behind_tls else _PLAIN) if header[0] not in names]
