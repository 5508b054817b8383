"""Token buckets: rate limits of signals, refilled by event time.

Credit is counted in nanoseconds: it accrues with time, and each signal costs a fixed amount. Nothing is rounded, so
the result does not depend on how often the bucket is refilled. The capacity is one hour, which permits a burst of
an hour's signals.
"""

from domain.clock import HOUR
from operators.kernels import kernel


@kernel
def refill(bucket, at):
    """Refill a bucket and return its credit at `at`, ns. Its record has `credit` and `filled_at`; it starts full."""
    bucket.credit = min(HOUR, bucket.credit + (at - bucket.filled_at))
    bucket.filled_at = at
    return bucket.credit
