"""The market's regime changes, and it shows in more than one way."""

from operators.patterns import Need, Pattern

regime_change = Pattern(
    name="regime_change",
    doc="""The state of volatility or trend changes while two events show a market on the move.

    Measured is the strength of the change, a quarter for each step of volatility or trend. States have
    hysteresis and last ten bars at least, so that noise at a cut changes nothing, and the change must
    be confirmed by two ideas that look at something else. It points where most of them do.

    Adams and MacKay, Bayesian Online Changepoint Detection, 2007, for what such a state estimates.
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
