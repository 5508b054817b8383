"""Volume far above what is usual, and something that says which way."""

from operators.patterns import Need, Pattern

volume_spike = Pattern(
    name="volume_spike",
    doc="""A volume spike together with two signals or events that give it a side.

    Measured is the strength of the spike; a half is the least, where volume lies 4.5 deviations above
    that of the 30 bars before. Volume has heavy tails, so that alone is not rare: 1.3 to 1.4 % of
    recorded 5m bars of BTC, ETH and SOL lie beyond, and 0.7 % of bars whose volumes are drawn apart from
    each other, lognormal with a deviation of 1; of 50 markets some 8 and 4 an hour. What keeps chance
    out is the company: a spike alone has no direction, and two different ideas must give it one.

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
