"""Advisory locks: every number that a transaction or a session locks in Postgres, so that no two purposes share one."""

from enum import IntEnum, unique


@unique
class AdvisoryLock(IntEnum):
    """Keys of `pg_advisory_lock` and its kin; arbitrary, but unlikely to be used by others of the same database."""

    MIGRATIONS = 7_236_144_001
    OUTBOX = 7_236_144_002
    WEBHOOKS = 7_236_144_003
    PARTITIONS = 7_236_144_004
