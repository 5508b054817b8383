"""Intelligence: settings of the steps that look at all shards together."""

from collections.abc import Mapping

import msgspec

from domain.correlation import CorrelateSettings
from domain.environ import read
from domain.paper import PaperSettings


class Intelligence(msgspec.Struct, frozen=True, kw_only=True):
    """What decides the output beyond the shards, a section each.

    Attributes
    ----------
    correlate
        What belongs together, and how often it is told.
    paper
        The account that trades every emitted signal, on paper.
    """

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
            correlate=read(CorrelateSettings, "correlate", environ).checked(),
            paper=read(PaperSettings, "paper", environ).checked(),
        )


DEFAULTS = Intelligence()
