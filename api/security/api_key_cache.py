"""API key cache: all active keys in memory, reloaded from Postgres every two seconds.

Requests are therefore authenticated without a query, and every process rejects a revoked key within two seconds. While
Postgres is unavailable the cached keys stay valid for fifteen minutes: no key can be revoked in that time, but a
process that is cut off for longer must not go on trusting its copy.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from hmac import compare_digest

from api.errors import UNAVAILABLE
from api.security.principal import AuthenticationFailure, Principal
from domain.api_keys import ApiKey, parse
from domain.clock import to_datetime
from domain.errors import ServiceError, SetupError
from store import api_keys
from store.postgres import Pool

log = logging.getLogger(__name__)

STALE_AFTER_S = 900.0
"""How long cached keys are accepted while they cannot be reloaded."""
LAST_USED_INTERVAL_S = 60.0
"""The last use of a key is written at most this often."""

_EXPIRED_KEYS_CACHED = timedelta(days=1)
"""How long an expired key stays cached, so that its owner gets "expired" instead of "unknown"."""
_NO_DIGEST = bytes(32)
_UNKNOWN_KEY = AuthenticationFailure(
    "unknown_key", "unknown or revoked API key; create one with 'signalengine keys create'"
)
_UNAVAILABLE = AuthenticationFailure(
    "keys_away", "API keys cannot be verified right now; see /readyz and retry shortly", UNAVAILABLE
)


class ApiKeyCache:
    """Verifies API keys against a copy in memory.

    Parameters
    ----------
    pool
        Connections to Postgres.
    now_ns
        Reads the time of day, in nanoseconds UTC.
    """

    def __init__(self, pool: Pool, now_ns: Callable[[], int]) -> None:
        self._pool = pool
        self._now_ns = now_ns
        self._keys: dict[str, ApiKey] = {}
        self._loaded_at_s: float | None = None
        self._unwritten_uses: dict[str, datetime] = {}
        self._last_used_s: dict[str, float] = {}
        self._is_unavailable = False

    def replace(self, keys: Sequence[ApiKey], now_s: float) -> None:
        """Replace the cached keys, as loaded at `now_s`."""
        self._keys = {key.id: key for key in keys}
        self._last_used_s = {key: at for key, at in self._last_used_s.items() if key in self._keys}
        self._loaded_at_s = now_s

    def verify(self, text: str, now_s: float) -> Principal | AuthenticationFailure:
        """The principal of the API key `text`, or why it is rejected."""
        if not self.is_fresh(now_s):
            return _UNAVAILABLE
        parts = parse(text)
        if parts is None:
            return AuthenticationFailure("malformed", "malformed API key; expected se_<id>_<secret>")
        key = self._keys.get(parts.id)
        # Compare in constant time also when the id is unknown, so that timing does not tell which ids exist.
        if not compare_digest(parts.digest, _NO_DIGEST if key is None else key.digest) or key is None:
            return _UNKNOWN_KEY
        expires_at_s = None if key.expires_at is None else key.expires_at.timestamp()
        if expires_at_s is not None and now_s >= expires_at_s:
            return AuthenticationFailure(
                "expired", "this API key has expired; create a new one with 'signalengine keys create'"
            )
        self._track_use(key.id, now_s)
        return Principal(name=f"key:{key.id}", scopes=frozenset(key.scopes), expires_at_s=expires_at_s, key_id=key.id)

    def is_fresh(self, now_s: float) -> bool:
        """Whether the keys were loaded recently enough to be trusted."""
        return self._loaded_at_s is not None and now_s - self._loaded_at_s <= STALE_AFTER_S

    def contains(self, key_id: str) -> bool:
        """Whether the key is cached, that is, not revoked; expiry is checked by the principal's own time."""
        return key_id in self._keys

    async def refresh(self) -> None:
        """Reload the keys and write the last uses; on failure, leave both to the next call."""
        now_s = self._now_ns() / 1e9
        try:
            expires_after = to_datetime(self._now_ns()) - _EXPIRED_KEYS_CACHED
            self.replace(await api_keys.list_active(self._pool, expires_after), now_s)
            if self._unwritten_uses:
                await self._write_uses()
        except (ServiceError, SetupError) as problem:
            if not self._is_unavailable:
                log.warning("api_keys_unavailable error=%s", problem)
            self._is_unavailable = True
        else:
            self._is_unavailable = False

    async def _write_uses(self) -> None:
        uses, self._unwritten_uses = self._unwritten_uses, {}
        try:
            await api_keys.update_last_used(self._pool, uses)
        except BaseException:
            self._unwritten_uses = uses | self._unwritten_uses
            raise

    def _track_use(self, key_id: str, now_s: float) -> None:
        if now_s - self._last_used_s.get(key_id, 0.0) >= LAST_USED_INTERVAL_S:
            self._last_used_s[key_id] = now_s
            self._unwritten_uses[key_id] = to_datetime(round(now_s * 1e9))
