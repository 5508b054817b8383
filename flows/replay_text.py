"""A replay's summary as text: counts first, then what was told and passed over, each with its reason."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import msgspec

from flows.replay import Summary
from flows.replay_markets import MarketSummary

SHOWN = 40
"""Lines of each list; JSON and tables hold more."""
_WIDTH = 18


def text(summary: Summary) -> str:
    """The summary as lines."""
    counts = msgspec.structs.asdict(summary)
    markets = counts.pop("prediction")
    lines = [_line(name, value) for name, value in counts.items()]
    if markets is not None:
        lines += ["", *_markets(markets)]
    return "\n".join(lines) + "\n"


def _markets(found: MarketSummary) -> Iterator[str]:
    yield "Prediction markets"
    for name in ("messages", "repeated", "ignored", "rejected", "trades", "books", "whales"):
        yield _line(name, getattr(found, name))
    for kind, changes in found.opportunities.items():
        yield _line(kind, changes)
    if not found.opportunities:
        yield _line("opportunities", 0)
    yield _line("cheap pairs", found.verdicts or 0)
    yield _line("digest", found.digest)
    told = ((one.at, f"{one.kind} {one.market}: {one.reason}") for one in found.sightings)
    yield from _listed("Whales, consensus and disagreement that were told", told)
    passed = ((one.at, f"{one.market}: {one.reason}") for one in found.passed_over)
    yield from _listed("Made a headline in dollars, and was not told", passed)
    if found.suppressed:
        yield from ("", "Not told, by reason")
        yield from (f"{count:8,}  {reason}" for reason, count in sorted(found.suppressed.items(), key=_most))
    chances = (
        (one.at, f"{one.kind} {one.market}: {one.size} sets, ${one.net} net, grade {one.grade}{_because(one.reasons)}")
        for one in found.chances
    )
    yield from _listed("Opportunities as they opened", chances)
    pairs = (
        (one.at, f"{one.market}: {one.asks} for both answers: {one.verdict}: {one.why}") for one in found.cheap_pairs
    )
    yield from _listed("Both answers for less than a dollar", pairs)


def _listed(title: str, lines: Iterable[tuple[datetime, str]]) -> Iterator[str]:
    every = list(lines)
    if every:
        yield from ("", title)
    for at, said in every[:SHOWN]:
        yield f"  {at:%Y-%m-%d %H:%M:%S}  {said}"
    if len(every) > SHOWN:
        yield f"  … and {len(every) - SHOWN:,} more; --json and the tables under --out hold them"


def _line(name: str, value: object) -> str:
    if isinstance(value, Mapping):
        value = ", ".join(f"{key.replace('_', ' ')} {count:,}" for key, count in value.items())
    shown = f"{value:,}" if isinstance(value, int) else str(value)
    return f"{name.replace('_', ' '):{_WIDTH}}{shown}".rstrip()


def _because(reasons: list[str]) -> str:
    return f" ({'; '.join(reasons)})" if reasons else ""


def _most(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]
