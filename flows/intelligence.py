"""Intelligence: settings of the steps that look at all shards together."""

from collections.abc import Mapping

import msgspec

from domain.correlation import CorrelateSettings
from domain.environ import read
from domain.paper import PaperSettings
from domain.scoring import ScoreSettings


class Intelligence(msgspec.Struct, frozen=True, kw_only=True):
    """What decides the output beyond the shards, a section each.

    Attributes
    ----------
    score
        What is thought of a candidate, and what is let through.
    correlate
        What belongs together, and how often it is told.
    paper
        The account that trades every emitted signal, on paper.
    """

    score: ScoreSettings = ScoreSettings()
    correlate: CorrelateSettings = CorrelateSettings()
    paper: PaperSettings = PaperSettings()

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Intelligence":
        """Read and check; see `domain.environ.read`.

        Raises
        ------
        SettingError
            If a setting is unknown or out of range.
        """
        return cls(
            score=read(ScoreSettings, "score", environ).checked(),
            correlate=read(CorrelateSettings, "correlate", environ).checked(),
            paper=read(PaperSettings, "paper", environ).checked(),
        )


DEFAULTS = Intelligence()
