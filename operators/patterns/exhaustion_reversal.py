"""A move runs out of followers."""

from operators.patterns import Need, Pattern

exhaustion_reversal = Pattern(
    name="exhaustion_reversal",
    doc="""A stretched or exhausted move meets absorption, divergence or a failed breakout the other way.

    Measured is how many different ideas expect the turn; three are the least, of which one says that
    the move went too far and one that somebody stands against it.

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
