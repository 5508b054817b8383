"""Advisory locks: the keys of all advisory locks in Postgres, in one place so that no two purposes share a key."""

from enum import IntEnum, unique


@unique
class AdvisoryLock(IntEnum):
    """Keys of `pg_advisory_lock`; arbitrary numbers that other users of the database are unlikely to choose."""

    MIGRATIONS = 7_236_144_001
    OUTBOX = 7_236_144_002
    WEBHOOKS = 7_236_144_003
    PARTITIONS = 7_236_144_004
