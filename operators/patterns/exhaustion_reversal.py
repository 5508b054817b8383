"""Reversal of an exhausted move."""

from operators.patterns import Need, Pattern

exhaustion_reversal = Pattern(
    name="exhaustion_reversal",
    doc="""A stretched or exhausted move meets absorption, divergence or a failed breakout in the opposite direction.

    The statistic is the number of distinct sources that indicate a reversal; at least three, of which one indicates
    an overextended move and one an opposing counterparty.

    Wyckoff, Studies in Tape Reading, 1910, for effort without result.
    """,
    verb="expect a turn",
    needs=(
        Need(kinds=("event",), names=("exhaustion", "stretch"), sided=True),
        Need(kinds=("event",), names=("absorption", "divergence", "failed_breakout"), sided=True),
        Need(kinds=("signal", "event"), sided=True),
    ),
    window=6,
    cooldown=36,
    threshold=3.0,
)
