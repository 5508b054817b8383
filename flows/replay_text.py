"""Replay text: a replay's summary as text: counts, then the emitted and suppressed findings with their reasons."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import msgspec

from flows.replay import Summary
from flows.replay_markets import MarketSummary

SHOWN = 40
"""Largest number of lines of each list; JSON and the tables have more."""
_WIDTH = 18


def text(summary: Summary) -> str:
    """The summary as text."""
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
    emitted = ((one.at, f"{one.kind} {one.market}: {one.reason}") for one in found.sightings)
    yield from _listed("Whales, consensus and disagreement that were emitted", emitted)
    suppressed = ((one.at, f"{one.market}: {one.reason}") for one in found.passed_over)
    yield from _listed("Large enough in dollars, but suppressed", suppressed)
    if found.suppressed:
        yield from ("", "Suppressed, by reason")
        yield from (f"{count:8,}  {reason}" for reason, count in sorted(found.suppressed.items(), key=_by_count))
    opportunities = (
        (one.at, f"{one.kind} {one.market}: {one.size} sets, ${one.net} net, grade {one.grade}{_because(one.reasons)}")
        for one in found.chances
    )
    yield from _listed("Opportunities as they opened", opportunities)
    pairs = (
        (one.at, f"{one.market}: {one.asks} for both outcomes: {one.verdict}: {one.why}") for one in found.cheap_pairs
    )
    yield from _listed("Both outcomes for less than a dollar", pairs)


def _listed(title: str, lines: Iterable[tuple[datetime, str]]) -> Iterator[str]:
    every = list(lines)
    if every:
        yield from ("", title)
    for at, line in every[:SHOWN]:
        yield f"  {at:%Y-%m-%d %H:%M:%S}  {line}"
    if len(every) > SHOWN:
        yield f"  … and {len(every) - SHOWN:,} more; see --json, or the tables under --out"


def _line(name: str, value: object) -> str:
    if isinstance(value, Mapping):
        value = ", ".join(f"{key.replace('_', ' ')} {count:,}" for key, count in value.items())
    text = f"{value:,}" if isinstance(value, int) else str(value)
    return f"{name.replace('_', ' '):{_WIDTH}}{text}".rstrip()


def _because(reasons: list[str]) -> str:
    return f" ({'; '.join(reasons)})" if reasons else ""


def _by_count(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]
