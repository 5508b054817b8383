"""Three or more strategies agree on one market."""

from operators.patterns import Need, Pattern

signal_consensus = Pattern(
    name="signal_consensus",
    doc="""Three or more different strategies emit signals in the same direction for one market.

    The statistic is the number of distinct strategies; several signals of one count once. Since all of them are
    derived from the same trades, k signals have the weight k / (1 + (k - 1) rho), and signals of the opposite
    direction are subtracted. Closed signals do not count.

    Clemen and Winkler, Limits for the Precision and Value of Information from Dependent Sources, 1985.
    """,
    verb="agree",
    needs=(Need(kinds=("signal",), least=3),),
    window=24,
    cooldown=24,
    threshold=3.0,
)
