"""Settings of `score`: half-lives, priors, penalties, thresholds and rate limits."""

import msgspec

from domain.environ import read
from domain.errors import SettingError


class ScoreSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Section `[score]`, or SIGNALENGINE_SCORE_<NAME>.

    Attributes
    ----------
    gate
        Whether candidates that are not credibly profitable are suppressed. If off, all of them are ranked,
        calibrated and explained, and none is suppressed: for research, and to measure the cost of trading
        everything.
    half_life_h, half_life_outcomes
        Half-life of the track records, in hours and in outcomes; the longer one applies.
    prior_strength
        Weight, in outcomes, of each level of the hierarchy in the next: of the market for a strategy, the
        strategy for its regime, and that for an instrument. Also of the planned reward and risk.
    boost_max
        Maximum absolute adjustment by history, in log-odds. 0 if the confidence comes from a model that
        already knows the strategy.
    liquidity_exponent
        Effect of low liquidity on evidence, in [0, 1]; 0 for none.
    liquidity_fast_bars, liquidity_slow_bars
        Half-lives, in primary bars, of the current and of the usual turnover.
    reference_r
        Expected value, in R, of a full rank score.
    drawdown_r
        Drawdown, in R, over 25 outcomes without a penalty.
    drawdown_penalty, volatility_penalty, sharpe_penalty
        Weights in the exponent of the risk: of the excess drawdown, of the log of the volatility ratio, of
        a Sharpe ratio per trade below 0.
    min_graded
        Effective number of outcomes before calibrator and thresholds are used. Until then the confidence
        alone decides.
    refit_outcomes
        Number of outcomes between two fits of the calibrator and updates of the thresholds.
    threshold_deviations
        Number of standard errors by which the mean return at a threshold must exceed 0.
    threshold_strength
        Weight, in outcomes, of all other regimes in one. With a small value a new regime emits nothing for
        long, since a mean of 30 returns is only known to 0.3 R.
    threshold_step
        Maximum change of a threshold per update, in R.
    mute_win_rate
        Win rate below which an instrument counts as poor.
    mute_probability, unmute_probability
        An instrument is muted when its rate is poor with the first probability, until that falls below the
        second.
    signals_per_hour, signals_per_hour_overall
        Maximum number of signals emitted per hour for one instrument, and for all; the best ranks first.
    """

    gate: bool = True
    half_life_h: float = 336.0
    half_life_outcomes: float = 200.0
    prior_strength: float = 20.0
    boost_max: float = 0.8
    liquidity_exponent: float = 0.5
    liquidity_fast_bars: float = 12.0
    liquidity_slow_bars: float = 288.0
    reference_r: float = 1.0
    drawdown_r: float = 5.0
    drawdown_penalty: float = 0.5
    volatility_penalty: float = 0.5
    sharpe_penalty: float = 0.5
    min_graded: float = 30.0
    refit_outcomes: int = 20
    threshold_deviations: float = 1.28
    threshold_strength: float = 100.0
    threshold_step: float = 0.05
    mute_win_rate: float = 0.3
    mute_probability: float = 0.95
    unmute_probability: float = 0.5
    signals_per_hour: float = 30.0
    signals_per_hour_overall: float = 10_000.0

    @classmethod
    def from_environ(cls, environ: dict[str, str]) -> "ScoreSettings":
        """Read and check; see `domain.environ.read`."""
        return read(cls, "score", environ).checked()

    def checked(self) -> "ScoreSettings":
        """Validate the settings and return them.

        Raises
        ------
        SettingError
            If one is out of range or contradicts another; the message names it and the valid range.
        """
        for name in (
            *("half_life_h", "half_life_outcomes", "prior_strength", "liquidity_fast_bars", "liquidity_slow_bars"),
            *("reference_r", "drawdown_r", "threshold_step"),
        ):
            if not getattr(self, name) > 0.0:
                raise SettingError(f"{name} {getattr(self, name)} must be above 0")
        for name in (
            *("boost_max", "drawdown_penalty", "volatility_penalty", "sharpe_penalty"),
            *("threshold_deviations", "threshold_strength"),
        ):
            if not getattr(self, name) >= 0.0:
                raise SettingError(f"{name} {getattr(self, name)} must not be negative")
        for name in ("min_graded", "refit_outcomes", "signals_per_hour", "signals_per_hour_overall"):
            if not getattr(self, name) >= 1.0:
                raise SettingError(f"{name} {getattr(self, name)} must be at least 1")
        if not 0.0 <= self.liquidity_exponent <= 1.0:
            raise SettingError(f"liquidity_exponent {self.liquidity_exponent} must lie between 0 and 1")
        if not 0.0 < self.mute_win_rate < 1.0:
            raise SettingError(f"mute_win_rate {self.mute_win_rate} must lie between 0 and 1, neither included")
        if not 0.0 <= self.unmute_probability <= self.mute_probability <= 1.0:
            raise SettingError(
                f"unmute_probability {self.unmute_probability} must not exceed mute_probability "
                f"{self.mute_probability}, and both must lie between 0 and 1"
            )
        return self
