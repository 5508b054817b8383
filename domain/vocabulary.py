"""Vocabulary: the names behind the indices of a Slice.

Rows on the hot path refer to frames, features, detectors and strategies by index. Writers of readable output, such as
the database or files, need the names in the same order.
"""

import msgspec

from domain.branches import INSTRUMENTS, Branch


class Vocabulary(msgspec.Struct, frozen=True):
    """Names of the frames, features and catalogue entries of a pipeline.

    Attributes
    ----------
    frames
        Names of the frames, finest first: `("1m", "5m", "15m", "1h")`.
    features
        Names of the feature columns, in the order of `Slice.features`.
    detectors, strategies, patterns
        Names in file-name order, as in the catalogues.
    primary
        The frame on which strategies decide; one of `frames`.
    verbs
        Verb of the components of each pattern in a sentence: "agree".
    branch
        Branch of the pipeline; its account and its metrics have this name.
    """

    frames: tuple[str, ...]
    features: tuple[str, ...]
    detectors: tuple[str, ...]
    strategies: tuple[str, ...]
    primary: str = "5m"
    patterns: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    branch: Branch = INSTRUMENTS
