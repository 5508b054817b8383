"""A whale and an arbitrage point the same way."""

from operators.patterns import Need, Pattern

whale_arbitrage_alignment = Pattern(
    name="whale_arbitrage_alignment",
    doc="""A whale takes the side to which an arbitrage will move the price, within 15 minutes.

    Measured is the strength of the whale; a half, which is 10,000 dollars, is the least. The expected
    return must be above 0 where it is known. A basket has no record as a forecast, so it says nothing
    of the odds: to ask that both together exceed the base rate would ask whether the whale is better
    than whales are.

    Saguillo et al., Unravelling the Probabilistic Forest, 2025.
    """,
    verb="point the same way",
    needs=(Need(kinds=("whale",), sided=True), Need(kinds=("arbitrage",), sided=True)),
    window=3,
    cooldown=12,
    statistic="strength",
    threshold=0.5,
)
