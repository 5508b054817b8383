"""LatestSink: the newest feature row of each symbol and frame, as Redis hashes for point lookups."""

from bytewax.outputs import StatefulSinkPartition

from domain.slices import Slice
from domain.vocabulary import Vocabulary
from flows import slice_records
from flows.sinks.partitions import SinglePartitionSink
from flows.sinks.retry import TIMEOUT_S, retry
from store import latest, redis_server


class LatestSink(SinglePartitionSink[Slice, None]):
    """Writes the features of Slices, keyed by shard, to Redis hashes such as `BTCUSDT:features:5m`.

    Parameters
    ----------
    redis_url
        Address of Redis.
    vocabulary
        Names for the codes in a Slice.
    ttl_s
        Time to live of a hash, in seconds, renewed by each row. Longer than the longest frame.
    timeout_s
        Seconds to wait for an unavailable Redis before the process ends.
    """

    partition = "latest"

    def __init__(
        self, redis_url: str, vocabulary: Vocabulary, *, ttl_s: int = 172_800, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._redis_url, self._vocabulary, self._ttl_s, self._timeout_s = redis_url, vocabulary, ttl_s, timeout_s

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "LatestPartition":  # noqa: ARG002
        """Create the writer."""
        return LatestPartition(self._redis_url, self._vocabulary, ttl_s=self._ttl_s, timeout_s=self._timeout_s)


class LatestPartition(StatefulSinkPartition[Slice, None]):
    """The writer."""

    def __init__(self, redis_url: str, vocabulary: Vocabulary, *, ttl_s: int, timeout_s: float) -> None:
        self._redis = redis_server.connect(redis_url)
        self._vocabulary, self._ttl_s, self._timeout_s = vocabulary, ttl_s, timeout_s

    def write_batch(self, values: list[Slice]) -> None:
        """Replace the hash of each symbol and frame that closed a bar, once per batch.

        Raises
        ------
        ServiceError
            If Redis is unavailable for longer than `timeout_s`.
        """
        rows = [row for each in values if each.bars.size for row in slice_records.latest(each, self._vocabulary)]
        newest = list({(row.instrument, row.timeframe): row for row in rows}.values())
        if newest:
            retry(lambda: latest.write(self._redis, newest, ttl_s=self._ttl_s), timeout_s=self._timeout_s)

    def snapshot(self) -> None:
        """Return no state: a replay writes the same values again."""

    def close(self) -> None:
        """Close the connection."""
        self._redis.close()
