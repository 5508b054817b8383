"""Market survey: facts about all recordings of prediction markets that are needed before decoding them."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from domain.wallets import UNKNOWN
from flows.sources.market_messages import decoded_messages


class Survey(NamedTuple):
    """Facts about all files.

    Attributes
    ----------
    paths
        The files in rank order (`flows.sources.market_messages`).
    with_wallets
        Tokens whose trades are recorded with wallets.
    """

    paths: list[Path]
    with_wallets: frozenset[int]


def survey(paths: Sequence[Path], at_most: int = 4_096) -> Survey:
    """Read all files once, `at_most` messages at a time."""
    ranked: list[tuple[int, str, str, Path]] = []
    with_wallets: set[int] = set()
    for path in paths:
        first_ns = 0
        for message in decoded_messages(path, at_most=at_most):
            first_ns = first_ns or message.key
            for kind, content in message.runs:
                if kind == "trades":
                    with_wallets.update(content["instrument"][content["wallet"] != UNKNOWN].tolist())
        ranked.append((first_ns, path.name, str(path), path))
    return Survey([path for *_, path in sorted(ranked)], frozenset(with_wallets))
