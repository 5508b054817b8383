"""Web: HTTP GET from a local component, bypassing any proxy that the environment configures."""

from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

_direct = build_opener(ProxyHandler({}))


def get(url: str, *, timeout_s: float) -> tuple[bytes, str | None]:
    """Return the body at `url` and the error, which is None for a successful response.

    Parameters
    ----------
    timeout_s
        Seconds to wait for the connection and for each read.
    """
    try:
        with _direct.open(url, timeout=timeout_s) as response:
            return response.read(), None
    except HTTPError as problem:
        with problem:
            return b"", f"status {problem.code}"
    except (OSError, HTTPException) as problem:
        return b"", str(problem)
