"""Size of the engine's state: bytes of each stage's snapshot, written at every epoch, and per instrument.

1,000 instruments in 4 timeframes in one shard, after 300 minutes of 1m bars.

    python -m benchmarks.state [--instruments N] [--minutes N]
"""

import argparse

from benchmarks.markets import bars, names
from benchmarks.report import Table, publish
from domain.blocks import bars_block, names_block
from flows.chain import build, factories, run
from flows.settings import EngineSettings

STAGES = ("roll", "measure", "detect", "propose", "settle")
TABLE = Table("state", "State of the engine", ("stage", "bytes per snapshot", "bytes per instrument"), (*STAGES, "all"))


def main() -> None:
    """Measure and publish the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instruments", type=int, default=1_000)
    parser.add_argument("--minutes", type=int, default=300)
    options = parser.parse_args()
    count = options.instruments
    stages = build(factories(EngineSettings(lateness_s=0.0), from_bars=True))
    run(stages, [[names_block(names(count)), bars_block(bars(count, options.minutes))]])
    sizes = [len(stage.snapshot()) for stage in stages]
    rows = [[name, size, round(size / count)] for name, size in zip(TABLE.rows, [*sizes, sum(sizes)], strict=True)]
    publish(TABLE, rows, [f"{count:,} instruments in 4 timeframes in one shard, after {options.minutes} minutes"])


if __name__ == "__main__":
    main()
