"""The newest signals, and then those that are made, until Ctrl-C: `python -m examples.follow --help`."""

import argparse
import asyncio
import os
import sys
from contextlib import aclosing
from typing import Any

from examples.client import AwayError, Client, Gap, RefusedError


async def follow(client: Client, filters: dict[str, Any]) -> None:
    """Write a line for each, and to stderr for what is missing."""
    async with aclosing(client.follow(snapshot=5, **filters)) as feed:
        async for said in feed:
            if isinstance(said, Gap):
                print(f"some are missing ({said.reason}): see {said.backfill}", file=sys.stderr)  # noqa: T201
                continue
            one = said.signal
            at, how = f"{one.detected_at:%Y-%m-%d %H:%MZ}", " (simulated)" * one.simulated
            print(f"{at}  {one.raw_confidence:.2f}  {one.reason}{how}", flush=True)  # noqa: T201


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.follow",
        description="The newest signals, and then those that are made, until Ctrl-C.",
        epilog="Where the server asks for a key, it is taken from the environment variable KEY.",
    )
    parser.add_argument("address", nargs="?", default="http://127.0.0.1:8000", help="of the API (%(default)s)")
    parser.add_argument("--symbol", action="append", help="only this one; may be given again")
    parser.add_argument("--min-confidence", type=float, help="from 0 to 1")
    given = parser.parse_args()
    filters = {"symbols": given.symbol, "min_confidence": given.min_confidence}
    try:
        client = Client(given.address, os.environ.get("KEY"))
        client.get("/api/v1/signals", limit=1)  # says at once what is wrong; `follow` waits for servers to come
        asyncio.run(follow(client, filters))
    except (RefusedError, AwayError, ValueError) as problem:
        parser.exit(2, f"{parser.prog}: {problem}\n")
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # whoever read has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
