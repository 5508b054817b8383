"""`signalengine catalogue`: the ideas that the engine applies, found by looking."""

import argparse
import sys

HELP = "list the features, detectors, strategies, patterns and arbitrages that exist"


Row = tuple[str, str, str]
"""Name, what it says in a line, and its extent."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The form in which it is printed."""
    parser.add_argument("--markdown", action="store_true", help="print tables for a README")


def run(options: argparse.Namespace) -> int:
    """Print name, extent and first line of the documentation of each."""
    sys.stdout.write(markdown() if options.markdown else _text())
    return 0


def ideas() -> dict[str, list[Row]]:
    """Every idea, by kind."""
    from operators.catalogue import catalogue

    whole = catalogue()
    return {
        "features": [
            (idea.name, idea.doc, f"{', '.join(idea.columns)}; {idea.unit}; warm after {idea.warmup} bars")
            for idea in whole.features
        ],
        "detectors": [
            (idea.name, idea.doc, f"silent for {idea.cooldown} bars after an event") for idea in whole.detectors
        ],
        "strategies": [
            (idea.name, idea.doc, f"stop {idea.stop_atr:g} ATR, target {idea.target_r:g} R, {idea.horizon} bars")
            for idea in whole.strategies
        ],
        "patterns": [(idea.name, idea.doc.splitlines()[0], idea.extent) for idea in whole.patterns],
        "arbitrages": [(idea.name, idea.doc, idea.code) for idea in whole.arbitrages],
    }


def markdown() -> str:
    """The tables that the README shows."""
    parts = []
    for kind, rows in ideas().items():
        lines = [f"| `{name}` | {_cell(doc)} | {_cell(extent)} |" for name, doc, extent in rows]
        parts.append(f"### {len(rows)} {kind}\n\n| | | |\n|---|---|---|\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _text() -> str:
    parts = []
    for kind, rows in ideas().items():
        width = max((len(name) for name, _, _ in rows), default=0)
        lines = [f"  {name:{width}}  {doc}\n  {'':{width}}  ({extent})\n" for name, doc, extent in rows]
        parts.append(f"{kind} ({len(rows)})\n{''.join(lines)}\n")
    return "".join(parts)
