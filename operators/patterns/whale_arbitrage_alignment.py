"""A whale and an arbitrage point the same way."""

from operators.patterns import Need, Pattern

whale_arbitrage_alignment = Pattern(
    name="whale_arbitrage_alignment",
    doc="""A whale takes the side to which an arbitrage will move the price, within 15 minutes.

    Measured are their joint log-odds over the base rate, discounted because both are read off the same
    tape; they must be above 0, and so must the expected return where it is known.

    Clemen and Winkler, Limits for the Precision and Value of Information from Dependent Sources, 1985.
    """,
    verb="point the same way",
    needs=(Need(kinds=("whale",), sided=True), Need(kinds=("arbitrage",), sided=True)),
    window=3,
    cooldown=12,
    statistic="log_odds",
    threshold=1e-9,
)
