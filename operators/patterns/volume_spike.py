"""Unusually high volume with a direction."""

from operators.patterns import Need, Pattern

volume_spike = Pattern(
    name="volume_spike",
    doc="""A volume spike together with two signals or events that provide a direction.

    The statistic is the strength of the spike; at least 0.5, which is a volume z-score of 4.5 relative to the
    preceding 30 bars. Volume has heavy tails, so this alone is not rare: it holds for 1.3 to 1.4 % of recorded 5m
    bars of BTC, ETH and SOL, and for 0.7 % of bars with independent lognormal volumes of deviation 1, which is some
    8 and 4 per hour in 50 markets. False positives are limited by the second need: a spike has no direction, and two
    distinct sources must agree on one.

    Karpoff, The Relation Between Price Changes and Trading Volume, 1987.
    """,
    verb="come with unusual volume",
    needs=(
        Need(kinds=("event",), names=("volume_spike",), strength=0.5),
        Need(kinds=("signal", "event"), sided=True, least=2),
    ),
    window=6,
    cooldown=24,
    statistic="strength",
    threshold=0.5,
)
