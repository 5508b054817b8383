"""Three strategies or more on the same side of one market."""

from operators.patterns import Need, Pattern

signal_consensus = Pattern(
    name="signal_consensus",
    doc="""Three or more different strategies emit signals of one market on the same side.

    Measured is how many different strategies they are; several signals of one count once. That is no
    proof by itself, since all of them read the same tape: together k signals weigh k / (1 + (k - 1) rho),
    and signals of the other side are subtracted. Signals that have ended count no more.

    Clemen and Winkler, Limits for the Precision and Value of Information from Dependent Sources, 1985.
    """,
    verb="agree",
    needs=(Need(kinds=("signal",), least=3),),
    window=24,
    cooldown=24,
    threshold=3.0,
)
