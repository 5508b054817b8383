"""What belongs together, one pattern per file.

A pattern is data: which evidence it asks for, within which time, and what it measures of it. The rows
of one instrument that answer its needs become one composite signal, if at least one of them is new.
Windows and cooldowns are in bars of the primary frame.
"""

from dataclasses import dataclass

from domain.composites import KINDS

STATISTICS = ("distinct", "log_odds", "strength", "posterior", "repeat")
"""What a pattern can measure of its components.

- distinct: how many different ideas they are;
- log_odds: what they say together over the base rate, discounted for reading the same tape;
- strength: the strongest that answers the first need;
- posterior: how probable it is that more than half of all such sources take this side, from those
  that took either within the window: 1 - I_0.5(for + 1, against + 1);
- repeat: by how much the win rate of the most similar past windows lies over the base rate, at the
  lower end of its 80 % interval. Needs an emitted signal.
"""


@dataclass(frozen=True, kw_only=True)
class Need:
    """Evidence that a pattern cannot do without. What answers one need answers no other.

    Attributes
    ----------
    kinds
        Of `domain.composites.KINDS`.
    names
        Strategies and detectors that count; all if empty.
    least
        Different ideas, or sources, that there must be.
    strength
        The least strength of each, [0, 1].
    sided
        Whether only evidence that points somewhere counts.
    """

    kinds: tuple[str, ...]
    names: tuple[str, ...] = ()
    least: int = 1
    strength: float = 0.0
    sided: bool = False


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """A pattern: what it asks for, and what it makes of it.

    Attributes
    ----------
    name
        The file's name.
    doc
        What it means, what it measures, what keeps chance out, and the source.
    verb
        What its components do, for a sentence: "agree".
    needs
        All of them must be answered.
    window
        Bars back from now within which evidence counts.
    cooldown
        Bars after it was told in which the same instrument and direction does not tell it again.
    directed
        Whether all that has a direction must point the same way. If not, the composite points where
        the most of its components do.
    statistic
        One of `STATISTICS`.
    threshold
        The least statistic that is told.
    chance
        The most probable that as many sources of the first need's kind may be by the instrument's own
        rate of them (Poisson); 1 asks nothing.
    features
        Columns by which windows are compared; only where the statistic is "repeat".
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
        """Refuse what cannot be meant.

        Raises
        ------
        ValueError
            Naming the pattern's file, the value and the way out.
        """
        path = f"operators/patterns/{self.name}.py"
        if self.statistic not in STATISTICS:
            raise ValueError(f"{path}: statistic {self.statistic!r} must be one of {', '.join(STATISTICS)}")
        if not self.needs or self.window < 1 or self.cooldown < 0:
            raise ValueError(f"{path}: it must have a need, a window of at least 1 bar and no negative cooldown")
        for need in self.needs:
            if not need.kinds or not set(need.kinds) <= set(KINDS):
                raise ValueError(f"{path}: kinds {need.kinds} must be some of {', '.join(KINDS)}")
            if need.least < 1:
                raise ValueError(f"{path}: least {need.least} of a need must be at least 1")
        if (self.statistic == "repeat") != bool(self.features):
            raise ValueError(f"{path}: features are compared where the statistic is 'repeat', and only there")

    @property
    def extent(self) -> str:
        """Its window and cooldown in words."""
        return f"within {self.window} bars, then silent for {self.cooldown}"
