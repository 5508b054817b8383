"""Key ring: all keys that may be used, in memory, followed every two seconds.

So a request waits for no database, and a key that was revoked is refused by every process two seconds later. While
Postgres is away the keys that were known are honoured for a quarter of an hour: nobody can revoke one meanwhile,
but a process that is cut off for longer than that must not go on believing what it knew.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from hmac import compare_digest

from api.errors import UNAVAILABLE
from api.security.principal import Principal, Refusal
from domain.api_keys import ApiKey, parse
from domain.clock import to_datetime
from domain.errors import ServiceError, SetupError
from store import api_keys
from store.postgres import Pool

log = logging.getLogger(__name__)

TRUSTED_S = 900.0
"""How long keys are honoured that could not be read again."""
TOUCHED_S = 60.0
"""How often the last use of a key is written down, at most."""

_REMEMBERED = timedelta(days=1)
"""How long the holder of a key that expired is told so, rather than that nobody knows it."""
_NO_DIGEST = bytes(32)
_UNKNOWN = Refusal("unknown_key", "this key is not known, or was revoked")
_AWAY = Refusal("keys_away", "keys cannot be looked up now; see /readyz and try again shortly", UNAVAILABLE)


class KeyRing:
    """The keys.

    Parameters
    ----------
    pool
        Where they are kept.
    now_ns
        Reads the time of day, in nanoseconds UTC.
    """

    def __init__(self, pool: Pool, now_ns: Callable[[], int]) -> None:
        self._pool = pool
        self._now_ns = now_ns
        self._keys: dict[str, ApiKey] = {}
        self._read_at_s: float | None = None
        self._used: dict[str, datetime] = {}
        self._touched_s: dict[str, float] = {}
        self._away = False

    def put(self, keys: Sequence[ApiKey], now_s: float) -> None:
        """Take `keys` for all that there are."""
        self._keys = {key.id: key for key in keys}
        self._touched_s = {key: at for key, at in self._touched_s.items() if key in self._keys}
        self._read_at_s = now_s

    def find(self, text: str, now_s: float) -> Principal | Refusal:
        """Who holds the key `text`."""
        if not self.known(now_s):
            return _AWAY
        parts = parse(text)
        if parts is None:
            return Refusal("malformed", "this is not a key; one looks like se_<id>_<secret>")
        key = self._keys.get(parts.id)
        # An id that nobody has takes as long as one with another secret.
        if not compare_digest(parts.digest, _NO_DIGEST if key is None else key.digest) or key is None:
            return _UNKNOWN
        until_s = None if key.expires_at is None else key.expires_at.timestamp()
        if until_s is not None and now_s >= until_s:
            return Refusal("expired", "this key has expired; make a new one")
        self._use(key.id, now_s)
        return Principal(name=f"key:{key.id}", scopes=frozenset(key.scopes), expires_at_s=until_s, key_id=key.id)

    def known(self, now_s: float) -> bool:
        """Whether keys were read lately enough to be believed."""
        return self._read_at_s is not None and now_s - self._read_at_s <= TRUSTED_S

    def honours(self, key_id: str) -> bool:
        """Whether the key is still there; one that expired is, but its holder knows until when."""
        return key_id in self._keys

    async def refresh(self) -> None:
        """Read the keys again, and write down which were used; what cannot be done now is done next time."""
        now_s = self._now_ns() / 1e9
        try:
            self.put(await api_keys.usable(self._pool, to_datetime(self._now_ns()) - _REMEMBERED), now_s)
            if self._used:
                await self._write_down()
        except (ServiceError, SetupError) as problem:
            if not self._away:
                log.warning("keys_away error=%s", problem)
            self._away = True
        else:
            self._away = False

    async def _write_down(self) -> None:
        used, self._used = self._used, {}
        try:
            await api_keys.touch(self._pool, used)
        except BaseException:
            self._used = used | self._used
            raise

    def _use(self, key_id: str, now_s: float) -> None:
        if now_s - self._touched_s.get(key_id, 0.0) >= TOUCHED_S:
            self._touched_s[key_id] = now_s
            self._used[key_id] = to_datetime(round(now_s * 1e9))
