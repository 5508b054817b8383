"""Settings of the local services: which Postgres and Valkey to run, and where their data is stored."""

from typing import Literal

import msgspec

Choice = Literal["auto", "system", "embedded"]


class ServiceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Section `services`. Used only where `DATABASE_URL` or `REDIS_URL` is not set.

    Attributes
    ----------
    postgres, redis
        `auto` uses the system's binaries, else those of the `embedded` extra; `system` and
        `embedded` allow only that one.
    directory
        Where `up` stores its data, logs and process records. Empty:
        `$XDG_STATE_HOME/signalengine`, which is usually `~/.local/state/signalengine`.
    redis_memory_mb
        Memory limit of the local Valkey. When it is reached, writes wait until the engine trims the
        log; nothing is evicted.
    log_mb
        Size at which the log of a process is rotated; one older file is kept.
    """

    postgres: Choice = "auto"
    redis: Choice = "auto"
    directory: str = ""
    redis_memory_mb: int = 1024
    log_mb: int = 10
