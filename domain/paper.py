"""Settings of the paper account, which simulates a trade for every emitted signal."""

import math

import msgspec

from domain.errors import SettingError


class PaperSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Section `[paper]`, or SIGNALENGINE_PAPER_<NAME>.

    Attributes
    ----------
    equity
        Initial equity in quote units.
    risk_fraction
        Fraction of the equity that one trade may lose at its stop, costs included.
    kelly_fraction
        Upper limit of the risk as a fraction of the Kelly size, once the probability is known. A quarter
        keeps most of the growth and tolerates errors of the probability. 0 disables the limit: every trade
        risks `risk_fraction`, even with a negative expected value.
    notional_max
        Maximum notional of one position, as a multiple of the equity.
    positions_max
        Maximum number of planned and open positions.
    """

    equity: float = 10_000.0
    risk_fraction: float = 0.01
    kelly_fraction: float = 0.25
    notional_max: float = 1.0
    positions_max: int = 10

    def checked(self) -> "PaperSettings":
        """Validate the settings and return them.

        Raises
        ------
        SettingError
            If one is out of range; the message names it and the valid range.
        """
        for name, top in (("equity", math.inf), ("risk_fraction", 1.0), ("notional_max", 100.0)):
            if not 0.0 < getattr(self, name) <= top:
                raise SettingError(f"{name} {getattr(self, name):g} must be above 0 and at most {top:g}")
        if not 0.0 <= self.kelly_fraction <= 1.0:
            raise SettingError(f"kelly_fraction {self.kelly_fraction:g} must lie between 0 and 1")
        if not 1 <= self.positions_max <= 10_000:
            raise SettingError(f"positions_max {self.positions_max} must lie between 1 and 10,000")
        return self
