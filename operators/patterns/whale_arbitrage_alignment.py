"""A whale and an arbitrage have the same direction."""

from operators.patterns import Need, Pattern

whale_arbitrage_alignment = Pattern(
    name="whale_arbitrage_alignment",
    doc="""A whale takes the side in which an arbitrage pushes the price, within 15 minutes.

    The statistic is the strength of the whale; at least 0.5, which is 10,000 dollars. The expected return must be
    above 0 where it is known. A basket has no track record as a forecast and therefore does not change the odds:
    requiring joint odds above the base rate would only test whether this whale is better than other whales.

    Saguillo et al., Unravelling the Probabilistic Forest, 2025.
    """,
    verb="point the same way",
    needs=(Need(kinds=("whale",), sided=True), Need(kinds=("arbitrage",), sided=True)),
    window=3,
    cooldown=12,
    statistic="strength",
    threshold=0.5,
)
