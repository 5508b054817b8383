"""Breakout from a volatility squeeze."""

from operators.patterns import Need, Pattern

squeeze_breakout = Pattern(
    name="squeeze_breakout",
    doc="""A volatility squeeze is released, and a breakout, thrust or expansion follows in the same direction.

    The statistic is the number of distinct detectors; at least three. Each event alone is common; the release and two
    moves in the same direction within half an hour are not.

    Bollinger, Bollinger on Bollinger Bands, 2001, chapter 15.
    """,
    verb="carry a released squeeze",
    needs=(
        Need(kinds=("event",), names=("squeeze_release",)),
        Need(
            kinds=("event",),
            names=("breakout", "momentum_turn", "thrust", "trend_cross", "volatility_expansion"),
            least=2,
            sided=True,
        ),
    ),
    window=6,
    cooldown=36,
    threshold=3.0,
)
