"""Print the newest signals, then every new one, until Ctrl-C: `python -m examples.follow --help`."""

import argparse
import asyncio
import os
import sys
from contextlib import aclosing
from typing import Any

from examples.client import Client, Gap, RefusedError, UnavailableError


async def follow(client: Client, filters: dict[str, Any]) -> None:
    """Print a line for each signal, and to stderr for each gap."""
    async with aclosing(client.follow(snapshot=5, **filters)) as feed:
        async for message in feed:
            if isinstance(message, Gap):
                print(f"signals were missed ({message.reason}): see {message.backfill}", file=sys.stderr)  # noqa: T201
                continue
            signal = message.signal
            at, mark = f"{signal.detected_at:%Y-%m-%d %H:%MZ}", " (simulated)" * signal.simulated
            print(f"{at}  {signal.raw_confidence:.2f}  {signal.reason}{mark}", flush=True)  # noqa: T201


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.follow",
        description="Print the newest signals, then every new one, until Ctrl-C.",
        epilog="If the server requires an API key, set it in the environment variable KEY.",
    )
    parser.add_argument(
        "address", nargs="?", default="http://127.0.0.1:8000", help="URL of the API (default %(default)s)"
    )
    parser.add_argument("--symbol", action="append", help="only this symbol; may be repeated")
    parser.add_argument("--min-confidence", type=float, help="minimum confidence, 0 to 1")
    options = parser.parse_args()
    filters = {"symbols": options.symbol, "min_confidence": options.min_confidence}
    try:
        client = Client(options.address, os.environ.get("KEY"))
        client.get("/api/v1/signals", limit=1)  # fails at once on errors; `follow` would keep retrying
        asyncio.run(follow(client, filters))
    except (RefusedError, UnavailableError, ValueError) as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # the reader, such as head, has closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
