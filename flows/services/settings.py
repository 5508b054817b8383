"""Settings of the services we stand on: which Postgres, which Valkey, and where our own data lives."""

from typing import Literal

import msgspec

Choice = Literal["auto", "system", "embedded"]


class ServiceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Section `services`. It matters only where `DATABASE_URL` or `REDIS_URL` is not given.

    Attributes
    ----------
    postgres, redis
        `auto` takes binaries of the system, else those of the `embedded` extra; `system` and
        `embedded` insist on one of the two.
    directory
        Where `up` keeps its data, logs and records of processes. Empty:
        `$XDG_STATE_HOME/signalengine`, which is usually `~/.local/state/signalengine`.
    redis_memory_mb
        Memory that our own Valkey may fill. When it is full, writes wait for the engine to trim the
        log; nothing is evicted.
    log_mb
        Size at which the log of one process is rotated; one older file is kept.
    """

    postgres: Choice = "auto"
    redis: Choice = "auto"
    directory: str = ""
    redis_memory_mb: int = 1024
    log_mb: int = 10
