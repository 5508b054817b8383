"""A squeeze ends in a move."""

from operators.patterns import Need, Pattern

squeeze_breakout = Pattern(
    name="squeeze_breakout",
    doc="""A volatility squeeze is released, and breakout, thrust or expansion carry it the same way.

    Measured is how many different ideas say so; three are the least. Each alone is common; that the
    release and two moves of the same side fall within half an hour is not.

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
