"""Web: a look at an address of our own, past every proxy that the environment names."""

from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

_direct = build_opener(ProxyHandler({}))


def get(url: str, *, patience_s: float) -> tuple[bytes, str | None]:
    """The body at `url`, and what is wrong: None if it was answered with success.

    Parameters
    ----------
    patience_s
        Seconds to wait for a connection, and for each part of the answer.
    """
    try:
        with _direct.open(url, timeout=patience_s) as answer:
            return answer.read(), None
    except HTTPError as problem:
        with problem:
            return b"", f"status {problem.code}"
    except (OSError, HTTPException) as problem:
        return b"", str(problem)
