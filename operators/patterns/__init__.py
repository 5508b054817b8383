"""Patterns: combinations of evidence that form composite signals, one per file.

A pattern is declarative: the evidence it requires, the time window, and the statistic it computes. The rows of one
instrument that meet its needs become one composite signal if at least one of them is new. Windows and cooldowns are
in bars of the primary frame.
"""

from dataclasses import dataclass

from domain.composites import KINDS

STATISTICS = ("distinct", "log_odds", "strength", "posterior", "repeat")
"""Statistics that a pattern can compute of its components.

- distinct: number of distinct sources;
- log_odds: joint log-odds over the base rate, discounted for their correlation;
- strength: greatest strength among those that meet the first need;
- posterior: posterior probability that more than half of all such sources take this side, given those
  that took either within the window: 1 - I_0.5(for + 1, against + 1);
- repeat: lower bound of the 80 % interval of the win rate of the most similar past windows, minus the base
  rate. Requires an emitted signal.
"""


@dataclass(frozen=True, kw_only=True)
class Need:
    """Evidence that a pattern requires. Each piece of evidence meets at most one need.

    Attributes
    ----------
    kinds
        Accepted kinds, of `domain.composites.KINDS`.
    names
        Accepted strategies and detectors; all if empty.
    least
        Minimum number of distinct sources.
    strength
        Minimum strength of each, [0, 1].
    sided
        Whether only evidence with a direction counts.
    """

    kinds: tuple[str, ...]
    names: tuple[str, ...] = ()
    least: int = 1
    strength: float = 0.0
    sided: bool = False


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """A pattern: its requirements, its statistic and its threshold.

    Attributes
    ----------
    name
        Name of its file.
    doc
        Its meaning, its statistic, how false positives are limited, and its source.
    verb
        Verb of its components in a sentence: "agree".
    needs
        Requirements, all of which must be met.
    window
        Length of the window in bars within which evidence counts.
    cooldown
        Number of bars after a composite without another one for the same instrument and direction.
    directed
        Whether all directional evidence must have the same direction. If not, the composite takes the direction
        of most of its components.
    statistic
        One of `STATISTICS`.
    threshold
        Minimum value of the statistic.
    chance
        Maximum Poisson probability of as many sources of the kind of the first need under the instrument's own
        arrival rate; 1 disables the test.
    features
        Columns by which windows are compared; only for the statistic "repeat".
    """

    name: str
    doc: str
    verb: str
    needs: tuple[Need, ...]
    window: int
    cooldown: int
    directed: bool = True
    statistic: str = "distinct"
    threshold: float = 0.0
    chance: float = 1.0
    features: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Validate the fields.

        Raises
        ------
        ValueError
            If a field is invalid; the message names the file, the value and the valid range.
        """
        path = f"operators/patterns/{self.name}.py"
        if self.statistic not in STATISTICS:
            raise ValueError(f"{path}: statistic {self.statistic!r} must be one of {', '.join(STATISTICS)}")
        if not self.needs or self.window < 1 or self.cooldown < 0:
            raise ValueError(f"{path}: it must have a need, a window of at least 1 bar and a cooldown of at least 0")
        for need in self.needs:
            if not need.kinds or not set(need.kinds) <= set(KINDS):
                raise ValueError(f"{path}: kinds {need.kinds} must be some of {', '.join(KINDS)}")
            if need.least < 1:
                raise ValueError(f"{path}: least {need.least} of a need must be at least 1")
        if (self.statistic == "repeat") != bool(self.features):
            raise ValueError(f"{path}: features must be given if and only if the statistic is 'repeat'")

    @property
    def extent(self) -> str:
        """Its window and cooldown as text."""
        return f"within {self.window} bars, cooldown {self.cooldown}"
