"""LatestSink: the newest feature row of each symbol and frame, for whoever only wants to know now."""

from bytewax.outputs import StatefulSinkPartition

from domain.slices import Slice
from domain.vocabulary import Vocabulary
from flows import conclusions
from flows.sinks.parts import OnePart
from flows.sinks.retry import TIMEOUT_S, retry
from store import latest, redis_server


class LatestSink(OnePart[Slice, None]):
    """Writes the features of Slices, keyed by shard, to Redis hashes such as `BTCUSDT:features:5m`.

    Parameters
    ----------
    redis_url
        Where Redis is.
    vocabulary
        The names behind the numbers in a Slice.
    ttl_s
        Seconds after which a hash that got no newer row is gone. Longer than the longest frame.
    timeout_s
        Seconds to wait for Redis before the process ends.
    """

    part = "latest"

    def __init__(
        self, redis_url: str, vocabulary: Vocabulary, *, ttl_s: int = 172_800, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._redis_url, self._vocabulary, self._ttl_s, self._timeout_s = redis_url, vocabulary, ttl_s, timeout_s

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "LatestPartition":  # noqa: ARG002
        """The writer."""
        return LatestPartition(self._redis_url, self._vocabulary, ttl_s=self._ttl_s, timeout_s=self._timeout_s)


class LatestPartition(StatefulSinkPartition[Slice, None]):
    """The writer."""

    def __init__(self, redis_url: str, vocabulary: Vocabulary, *, ttl_s: int, timeout_s: float) -> None:
        self._redis = redis_server.connect(redis_url)
        self._vocabulary, self._ttl_s, self._timeout_s = vocabulary, ttl_s, timeout_s

    def write_batch(self, values: list[Slice]) -> None:
        """Replace the hashes of all symbols and frames that closed a bar, each once.

        Raises
        ------
        ServiceError
            If Redis stays away for longer than our patience.
        """
        rows = [row for each in values if each.bars.size for row in conclusions.latest(each, self._vocabulary)]
        newest = list({(row.instrument, row.timeframe): row for row in rows}.values())
        if newest:
            retry(lambda: latest.write(self._redis, newest, ttl_s=self._ttl_s), timeout_s=self._timeout_s)

    def snapshot(self) -> None:
        """Nothing: a replay writes the same again."""

    def close(self) -> None:
        """Let go of the connection."""
        self._redis.close()
