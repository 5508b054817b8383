"""Vocabulary: the names behind the numbers of a Slice.

Rows on the hot path name frames, features, detectors and strategies by index. Whoever writes them
down for people, the ledger or a file, needs the words in the same order.
"""

import msgspec

from domain.branches import INSTRUMENTS, Branch


class Vocabulary(msgspec.Struct, frozen=True):
    """What a recipe speaks of.

    Attributes
    ----------
    frames
        Names of the frames, finest first: `("1m", "5m", "15m", "1h")`.
    features
        Names of the feature columns, in the order of `Slice.features`.
    detectors, strategies, patterns
        Names in file-name order, as the catalogues give them.
    primary
        The frame on which strategies decide; one of `frames`.
    verbs
        What the components of each pattern do, for a sentence: "agree".
    branch
        Whose recipe it is; its account and its metrics are called so.
    """

    frames: tuple[str, ...]
    features: tuple[str, ...]
    detectors: tuple[str, ...]
    strategies: tuple[str, ...]
    primary: str = "5m"
    patterns: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    branch: Branch = INSTRUMENTS
