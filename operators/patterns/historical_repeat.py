"""Similar past windows were profitable."""

from operators.patterns import Need, Pattern

historical_repeat = Pattern(
    name="historical_repeat",
    doc="""An emitted signal in a window whose nearest past neighbours won more often than the base rate.

    The statistic is the lower bound of the 80 % interval of the win rate of the 50 most similar windows of the same
    direction, minus the base rate. Windows are compared by 33 standardised features; the weight of a neighbour is
    exp(-d^2 / 2 h^2). Only windows that ended an hour before the decision are used, one per hour and market; the
    effective number of neighbours must be at least 15, and the win rate is shrunk towards the base rate.

    Cover and Hart, Nearest Neighbor Pattern Classification, 1967; Yeh et al., Matrix Profile I, 2016,
    for the exclusion zone.
    """,
    verb="repeats what has paid before",
    needs=(Need(kinds=("signal",)),),
    window=1,
    cooldown=12,
    statistic="repeat",
    features=(
        *("adx", "plus_di", "minus_di", "aroon_oscillator", "bollinger_position", "bollinger_width"),
        *("candle_body", "upper_shadow", "lower_shadow", "choppiness", "cmf", "drawdown", "efficiency_ratio"),
        *("imbalance", "intensity_ratio", "mfi", "natr", "ppo_histogram", "price_zscore", "range_position"),
        *("regression_t", "rsi", "skewness", "squeeze", "stochastic_k", "swing_high_distance", "swing_low_distance"),
        *("trend_state", "volatility_rank", "volatility_ratio", "volume_of_day_zscore", "volume_zscore"),
        "vwap_distance",
    ),
)
