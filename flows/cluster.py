"""Run a dataflow: typed wrappers of Bytewax's entry points that re-raise our own errors."""

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
        Time between two snapshots. Backpressure on a source acts only between epochs, so it also bounds the
        data buffered in memory.
    recovery
        Directory created by `make_recovery`; None keeps no state.
    addresses, number
        `host:port` of every process, and the index of this one; none for a single process.

    Raises
    ------
    SignalEngineError
        If a step raised one; it is unwrapped from Bytewax's exception.
    """
    # Recovery files in use are not backed up, so old snapshots are deleted immediately.
    config = RecoveryConfig(recovery, timedelta(0)) if recovery else None  # type: ignore[no-untyped-call]
    try:
        cluster_main(  # type: ignore[no-untyped-call]
            flow, list(addresses), number, epoch_interval=epoch, recovery_config=config
        )
    except BaseException as problem:
        raise _unwrapped(problem) from None


def make_recovery(directory: Path, partitions: int) -> None:
    """Create the files for snapshots; `directory` must exist."""
    init_db_dir(directory, partitions)  # type: ignore[no-untyped-call]


def _unwrapped(problem: BaseException) -> BaseException:
    """The `SignalEngineError` that Bytewax wrapped in its own exception, else the exception itself."""
    inner: BaseException | None = problem
    while inner is not None:
        if isinstance(inner, SignalEngineError):
            return inner
        inner = inner.__cause__ or inner.__context__
    return problem
