"""Survey: what has to be known of recorded prediction markets before any of them is replayed."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from domain.wallets import UNKNOWN
from flows.sources.market_moments import moments


class Survey(NamedTuple):
    """What all files hold.

    Attributes
    ----------
    paths
        In the order of their ranks (`flows.sources.market_moments`).
    with_wallets
        Tokens whose trades are told with wallets.
    """

    paths: list[Path]
    with_wallets: frozenset[int]


def survey(paths: Sequence[Path], at_most: int = 4_096) -> Survey:
    """Read all of the files once, `at_most` messages at a time."""
    ranked: list[tuple[int, str, str, Path]] = []
    with_wallets: set[int] = set()
    for path in paths:
        first_ns = 0
        for moment in moments(path, at_most=at_most):
            first_ns = first_ns or moment.key
            for kind, content in moment.runs:
                if kind == "trades":
                    with_wallets.update(content["instrument"][content["wallet"] != UNKNOWN].tolist())
        ranked.append((first_ns, path.name, str(path), path))
    return Survey([path for *_, path in sorted(ranked)], frozenset(with_wallets))
