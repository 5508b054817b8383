"""Several whales on the same side."""

from operators.patterns import Need, Pattern

multi_whale_consensus = Pattern(
    name="multi_whale_consensus",
    doc="""Four or more clusters of large wallets take the same side of one market.

    Measured is the posterior that more than half of such clusters take this side, from those that took
    either; 0.95 is the least. As many clusters must be less probable than one in a thousand by the
    market's own rate of whales. A cluster counts once, however many orders it sends, because one
    parent order excites itself.

    Gelman et al., Bayesian Data Analysis, 3rd edition 2013, chapter 2.
    """,
    verb="take the same side",
    needs=(Need(kinds=("whale",), least=4, sided=True),),
    window=12,
    cooldown=24,
    statistic="posterior",
    threshold=0.95,
    chance=1e-3,
)
