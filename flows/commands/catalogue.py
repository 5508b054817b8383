"""`signalengine catalogue`: lists the plug-ins of the engine, found in its packages."""

import argparse
import sys

HELP = "list all features, detectors, strategies, patterns and arbitrages"


Row = tuple[str, str, str]
"""Name, one-line description, and extent."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`--markdown`."""
    parser.add_argument("--markdown", action="store_true", help="print tables for a README")


def run(options: argparse.Namespace) -> int:
    """Print name, extent and one-line description of each plug-in."""
    sys.stdout.write(markdown() if options.markdown else _text())
    return 0


def plugins() -> dict[str, list[Row]]:
    """All plug-ins, by kind."""
    from operators.catalogue import catalogue

    found = catalogue()
    return {
        "features": [
            (plugin.name, plugin.doc, f"{', '.join(plugin.columns)}; {plugin.unit}; warm after {plugin.warmup} bars")
            for plugin in found.features
        ],
        "detectors": [
            (plugin.name, plugin.doc, f"silent for {plugin.cooldown} bars after an event") for plugin in found.detectors
        ],
        "strategies": [
            (
                plugin.name,
                plugin.doc,
                f"stop {plugin.stop_atr:g} ATR, target {plugin.target_r:g} R, {plugin.horizon} bars",
            )
            for plugin in found.strategies
        ],
        "patterns": [(plugin.name, plugin.doc.splitlines()[0], plugin.extent) for plugin in found.patterns],
        "arbitrages": [(plugin.name, plugin.doc, plugin.code) for plugin in found.arbitrages],
    }


def markdown() -> str:
    """The tables in the README."""
    parts = []
    for kind, rows in plugins().items():
        lines = [f"| `{name}` | {_cell(doc)} | {_cell(extent)} |" for name, doc, extent in rows]
        parts.append(f"### {len(rows)} {kind}\n\n| | | |\n|---|---|---|\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _text() -> str:
    parts = []
    for kind, rows in plugins().items():
        width = max((len(name) for name, _, _ in rows), default=0)
        lines = [f"  {name:{width}}  {doc}\n  {'':{width}}  ({extent})\n" for name, doc, extent in rows]
        parts.append(f"{kind} ({len(rows)})\n{''.join(lines)}\n")
    return "".join(parts)
