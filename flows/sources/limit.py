"""RejectLimit: end a run when too large a share of its input is rejected."""

from collections.abc import Sequence

from domain.errors import RejectLimitError
from domain.slices import Reject

COUNTS_FROM = 1_000
"""Minimum number of rows before the share of rejects is checked."""
EXAMPLES = 3


class RejectLimit:
    """Counts accepted and rejected rows.

    Parameters
    ----------
    share_max
        Largest allowed share of rejects, from 0 to 1.
    accepted, rejected
        Counts so far, if a run is resumed.
    """

    def __init__(self, share_max: float, accepted: int = 0, rejected: int = 0) -> None:
        self.accepted = accepted
        self.rejected = rejected
        self._share_max = share_max
        self._examples: list[Reject] = []

    def count(self, accepted: int, rejects: Sequence[Reject]) -> None:
        """Add to the counts.

        Raises
        ------
        RejectLimitError
            If the share of rejects among at least `COUNTS_FROM` rows is too large.
        """
        self.accepted += accepted
        self.rejected += len(rejects)
        self._examples += rejects[: EXAMPLES - len(self._examples)]
        if self.accepted + self.rejected >= COUNTS_FROM:
            self.check()

    def check(self) -> None:
        """Check the share of rejects, for any number of rows; called at the end of the input.

        Raises
        ------
        RejectLimitError
            If the share of rejects is too large; the message shows the first of them.
        """
        total = self.accepted + self.rejected
        if self.rejected <= self._share_max * total:
            return
        examples = "; ".join(
            f"{reject.source} {reject.position}: {reject.reason}: {reject.raw[:100].decode(errors='replace')!r}"
            for reject in self._examples
        )
        raise RejectLimitError(
            f"{self.rejected:,} of {total:,} rows are rejected, more than the allowed {self._share_max:.2%} "
            f"(--reject-limit). The first: {examples}"
        )
