"""Run a dataflow: the few untyped doors of Bytewax, with types and with our own errors let through."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import cluster_main

from domain.errors import SignalEngineError


def run(
    flow: Dataflow,
    *,
    epoch: timedelta,
    recovery: Path | None = None,
    addresses: Sequence[str] = (),
    number: int = 0,
) -> None:
    """Run until the sources end.

    Parameters
    ----------
    flow
        The same in every process.
    epoch
        Time between two snapshots. A source is held back only between epochs, so it also bounds what
        waits in memory.
    recovery
        Directory made by `make_recovery`; None keeps no state.
    addresses, number
        `host:port` of every process, and which of them this is; none for a single process.

    Raises
    ------
    SignalEngineError
        If one of ours ended the flow.
    """
    # No backups are taken of recovery files in use, so old snapshots are dropped at once.
    config = RecoveryConfig(recovery, timedelta(0)) if recovery else None  # type: ignore[no-untyped-call]
    try:
        cluster_main(  # type: ignore[no-untyped-call]
            flow, list(addresses), number, epoch_interval=epoch, recovery_config=config
        )
    except BaseException as problem:
        raise _ours(problem) from None


def make_recovery(directory: Path, partitions: int) -> None:
    """Make the files that snapshots are kept in; `directory` must exist."""
    init_db_dir(directory, partitions)  # type: ignore[no-untyped-call]


def _ours(problem: BaseException) -> BaseException:
    """The exception of ours that Bytewax wrapped into its own, or the whole as it is."""
    inner: BaseException | None = problem
    while inner is not None:
        if isinstance(inner, SignalEngineError):
            return inner
        inner = inner.__cause__ or inner.__context__
    return problem
