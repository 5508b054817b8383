"""A regime change with independent confirmation."""

from operators.patterns import Need, Pattern

regime_change = Pattern(
    name="regime_change",
    doc="""The volatility or trend state changes while two events indicate a moving market.

    The statistic is the strength of the change, 0.25 per step of volatility or trend. States have hysteresis and last
    at least ten bars, so that noise at a boundary has no effect, and the change must be confirmed by two detectors
    that use other features. The direction is that of most of its components.

    Adams and MacKay, Bayesian Online Changepoint Detection, 2007, for the underlying concept.
    """,
    verb="show a new regime",
    needs=(
        Need(kinds=("event",), names=("regime_change",)),
        Need(
            kinds=("event",),
            names=(
                *("breakout", "kijun_cross", "momentum_turn", "squeeze_release", "supertrend_flip"),
                *("thrust", "trend_cross", "volatility_expansion", "vwap_reclaim"),
            ),
            least=2,
        ),
    ),
    window=6,
    cooldown=36,
    directed=False,
    statistic="strength",
    threshold=0.25,
)
