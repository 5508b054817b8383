"""Intelligence: settings of the steps that run across all shards: score, correlate and paper trading."""

from collections.abc import Mapping

import msgspec

from domain.correlation import CorrelateSettings
from domain.environ import read
from domain.paper import PaperSettings
from domain.scoring import ScoreSettings


class Intelligence(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the steps across shards, one section each.

    Attributes
    ----------
    score
        How candidates are scored, and which are emitted.
    correlate
        Which signals form composites, and how often one is emitted.
    paper
        The account that paper-trades every emitted signal.
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
