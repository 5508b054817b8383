"""One worker process of a replay: `python -m flows.replay_worker SCRATCH STAGING ADDRESSES NUMBER`."""

import sys
from pathlib import Path

import msgspec

from flows.replay import Plan, run_worker


def main(scratch: str, staging: str, addresses: str, number: str) -> int:
    """Run the worker until its input ends."""
    plan = msgspec.json.decode((Path(scratch) / "plan.json").read_bytes(), type=Plan)
    run_worker(plan, Path(scratch), Path(staging), int(number), addresses.split(";"))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
