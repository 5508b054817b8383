"""Rate limiter: one token bucket per client, in bounded memory.

The least recently seen client is evicted first, and starts with a full bucket if it returns. Each worker process counts
on its own, which needs no round trip; a client whose requests are spread over n workers is allowed n times the rate.
"""

from collections import OrderedDict
from math import ceil
from typing import Final, NamedTuple

from api.feed.token_bucket import BURST_S, TokenBucket

CLIENTS_MAX: Final = 10_000
"""Clients held in memory, 0.3 kB each."""


class RateLimitDecision(NamedTuple):
    """Whether a request is allowed.

    Attributes
    ----------
    remaining
        Requests that are still allowed immediately.
    retry_after_s
        Whole seconds until the next request is allowed; 0 if one is allowed now.
    """

    allowed: bool
    remaining: int
    retry_after_s: int


class RateLimiter:
    """Token buckets by client.

    Parameters
    ----------
    per_s
        Sustained rate per client, in requests per second.
    burst_s
        Size of the bucket, in seconds at that rate.
    clients_max
        Clients held in memory.

    Examples
    --------
    >>> limiter = RateLimiter(per_s=1)
    >>> [limiter.acquire("ada", at_s).remaining for at_s in (0, 0, 1)]
    [1, 0, 0]
    >>> limiter.acquire("ada", 1)
    RateLimitDecision(allowed=False, remaining=0, retry_after_s=1)
    """

    def __init__(self, per_s: float, burst_s: float = BURST_S, clients_max: int = CLIENTS_MAX) -> None:
        self._per_s = per_s
        self._burst_s = burst_s
        self._clients_max = clients_max
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    @property
    def policy(self) -> str:
        """The header RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-11)."""
        return f'"default";q={max(1, int(self._per_s * self._burst_s))};w={max(1, round(self._burst_s))}'

    def acquire(self, client: str, now_s: float) -> RateLimitDecision:
        """Count one request of `client`, and decide whether it is allowed."""
        bucket = self._buckets.get(client)
        if bucket is None:
            if len(self._buckets) >= self._clients_max:
                self._buckets.popitem(last=False)
            bucket = self._buckets[client] = TokenBucket(self._per_s, now_s, self._burst_s)
        else:
            self._buckets.move_to_end(client)
        allowed = bucket.take(now_s)
        left = bucket.left
        return RateLimitDecision(allowed, int(left), 0 if left >= 1 else ceil((1 - left) / self._per_s))
