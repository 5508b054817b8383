"""Settings of the prediction-market branch: whether it runs, its costs and its lateness."""

import msgspec

from domain.errors import SettingError
from flows.settings import EngineSettings


class PredictionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Section `[prediction]`, or SIGNALENGINE_PREDICTION_<NAME>.

    Attributes
    ----------
    enabled
        Whether prediction markets are processed in addition to traded instruments, and simulated with them. A
        recovery directory cannot be shared between the two values.
    slippage_bps
        Slippage on each side of a trade, in basis points; trades are already at bid or ask. The fee is that of
        the market.
    lateness_s
        Allowed lateness: how far a trade may be behind the newest row of its shard and still count in bars, which
        close that much later. Polymarket publishes trades with wallets in whole seconds, 1.9 s after the match on
        its stream and 5 to 9 s after it on request (measured in September 2026), while its books come at once; so
        at 1 s nearly all would be late, and at 5 s those on request. Kalshi's trades come at once.
    """

    enabled: bool = True
    slippage_bps: float = 20.0
    lateness_s: float = 10.0

    def checked(self) -> "PredictionSettings":
        """Validate the settings and return them.

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
        """Settings of the shared steps (bars, candidates, outcomes) for prediction markets."""
        return EngineSettings(
            timeframes=("1m", "5m"),
            mtf_min_aligned=1,
            lateness_s=self.lateness_s,
            # A whale's candidate is tracked for a day, from a price that is up to six hours old.
            quiet_h=31.0,
            fee_bps=0.0,  # each candidate has its own fee
            slippage_bps=self.slippage_bps,
        )
