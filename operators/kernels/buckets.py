"""Buckets: how many signals may still be sent, refilled by event time.

A token bucket that counts in nanoseconds: time is what it is filled with, and a signal costs a stretch
of it. So nothing is rounded, and the answer is the same however often it was asked. It holds one hour,
and lets a burst of an hour's signals through once.
"""

from domain.clock import HOUR
from operators.kernels import kernel


@kernel
def refill(bucket, at):
    """Credit in a bucket at `at`, in ns; its record has `credit` and `filled_at`, and begins full."""
    bucket.credit = min(HOUR, bucket.credit + (at - bucket.filled_at))
    bucket.filled_at = at
    return bucket.credit
