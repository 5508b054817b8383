"""Several whales take the same side."""

from operators.patterns import Need, Pattern

multi_whale_consensus = Pattern(
    name="multi_whale_consensus",
    doc="""Four or more clusters of large wallets take the same side of one market.

    The statistic is the posterior probability that more than half of such clusters take this side, given those that
    took either; at least 0.95. The number of clusters must have a probability below 0.001 under the market's own
    arrival rate of whales. A cluster counts once, however many orders it sends, since the child orders of one parent
    order are not independent.

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
