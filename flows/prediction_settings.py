"""Settings of prediction markets as a branch of the dataflow: whether it runs, and what a trade costs there."""

import msgspec

from domain.errors import SettingError
from flows.settings import EngineSettings


class PredictionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Section `[prediction]`, or SIGNALENGINE_PREDICTION_<NAME>.

    Attributes
    ----------
    enabled
        Whether prediction markets are watched beside traded instruments, and simulated with them. A recovery
        directory belongs to the one or the other.
    slippage_bps
        Slippage of a trade on each of its two sides, in basis points; trades are at bid or ask already. The fee is
        that of its market.
    lateness_s
        How far behind the newest row of its shard a trade may come and still count in bars, which close so much
        later. Polymarket tells who traded in whole seconds and 1.9 s after it matched, on request 5 to 9 s after
        (measured in September 2026), while its books come at once; so at 1 s nearly all would be late, at 5 s those
        on request. Kalshi's trades come at once.
    """

    enabled: bool = True
    slippage_bps: float = 20.0
    lateness_s: float = 10.0

    def checked(self) -> "PredictionSettings":
        """These settings, if they make sense.

        Raises
        ------
        SettingError
            If the slippage is negative, or the lateness longer than a minute.
        """
        if not 0.0 <= self.slippage_bps < 10_000.0:
            raise SettingError(f"slippage_bps {self.slippage_bps:g} must be at least 0 and under 10000")
        if not 0.0 <= self.lateness_s <= 60.0:
            raise SettingError(f"lateness_s {self.lateness_s:g} must be at least 0 and at most 60")
        return self

    @property
    def engine(self) -> EngineSettings:
        """How bars of prediction markets are made and candidates on them are followed."""
        return EngineSettings(
            timeframes=("1m", "5m"),
            mtf_min_aligned=1,
            lateness_s=self.lateness_s,
            # A whale is followed for a day from a price that is up to six hours old.
            quiet_h=31.0,
            fee_bps=0.0,  # each candidate brings its own
            slippage_bps=self.slippage_bps,
        )
