"""Intelligence: settings of the steps that look at all shards together."""

from collections.abc import Mapping

import msgspec

from domain.environ import read
from domain.paper import PaperSettings


class Intelligence(msgspec.Struct, frozen=True, kw_only=True):
    """What decides the output beyond the shards, a section each.

    Attributes
    ----------
    paper
        The account that trades every emitted signal, on paper.
    """

    paper: PaperSettings = PaperSettings()

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Intelligence":
        """Read and check; see `domain.environ.read`.

        Raises
        ------
        SettingError
            If a setting is unknown or out of range.
        """
        return cls(paper=read(PaperSettings, "paper", environ).checked())


DEFAULTS = Intelligence()
