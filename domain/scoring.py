"""Settings of score: how fast it forgets, how much it asks for, how much it lets through."""

import msgspec

from domain.environ import read
from domain.errors import SettingError


class ScoreSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Section `[score]`, or SIGNALENGINE_SCORE_<NAME>.

    Attributes
    ----------
    gate
        Whether candidates that are not known to pay are held back. Off, score ranks, calibrates and
        explains all of them and suppresses none: for research, and to see what it would have cost to
        listen to everything.
    half_life_h, half_life_outcomes
        What was learnt halves over so many hours or so many outcomes, whichever takes longer.
    prior_strength
        Outcomes that a wider kind counts for in a narrower one: the market for a strategy, the
        strategy for its regime, that for an instrument. Also of the planned reward and risk.
    boost_max
        The most that history may add or take, in log-odds. 0 where confidence comes from a model that
        knows the strategy already.
    liquidity_exponent
        How much a thin market weakens evidence, in [0, 1]; 0 not at all.
    liquidity_fast_bars, liquidity_slow_bars
        Half-lives, in primary bars, of the turnover now and of the usual one.
    reference_r
        Expected value, in R, that is worth a full rank score.
    drawdown_r
        Drawdown, in R, that 25 outcomes may have without losing rank.
    drawdown_penalty, volatility_penalty, sharpe_penalty
        Weights in the risk's exponent: of the drawdown beyond that, of the log of the volatility
        ratio, of a Sharpe ratio per trade below 0.
    min_graded
        Effective outcomes before the calibrator and the thresholds begin. Until then confidence
        alone decides.
    refit_outcomes
        Outcomes between two fits of the calibrator and moves of the thresholds.
    threshold_deviations
        Standard errors by which the mean return at a threshold must lie above 0.
    threshold_strength
        Outcomes that all other regimes count for in one. Few of them keep a regime silent that is met
        for the first time, since a mean of 30 returns lies within 0.3 R of anything.
    threshold_step
        The most that a threshold moves at once, in R.
    mute_win_rate
        A win rate below this is poor.
    mute_probability, unmute_probability
        An instrument is muted when its rate is poor with the first probability, until it falls under
        the second.
    signals_per_hour, signals_per_hour_overall
        Signals of one instrument, and of all, that are let through in an hour, the best ranks first.
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
        """These settings, if they fit together.

        Raises
        ------
        SettingError
            If one is out of range or contradicts another; the message names it and the way out.
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
