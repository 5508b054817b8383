"""`signalengine catalogue`: the ideas that the engine applies, found by looking."""

import argparse
import sys
from collections.abc import Sequence

HELP = "list the features, detectors and strategies that exist"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None: it is all there is."""


def run(options: argparse.Namespace) -> int:  # noqa: ARG001  the form of every command
    """Print name, extent and first line of the documentation of each."""
    from domain.catalogue import load
    from operators import detectors, features, strategies
    from operators.detectors import Detector
    from operators.features import Feature
    from operators.strategies import Strategy

    _show(
        "features",
        [
            (idea.name, f"{', '.join(idea.columns)}; {idea.unit}; warm after {idea.warmup} bars", idea.doc)
            for idea in load(features, Feature)
        ],
    )
    _show(
        "detectors",
        [
            (idea.name, f"silent for {idea.cooldown} bars after an event", idea.doc)
            for idea in load(detectors, Detector)
        ],
    )
    _show(
        "strategies",
        [
            (idea.name, f"stop {idea.stop_atr:g} ATR, target {idea.target_r:g} R, {idea.horizon} bars", idea.doc)
            for idea in load(strategies, Strategy)
        ],
    )
    return 0


def _show(title: str, rows: Sequence[tuple[str, str, str]]) -> None:
    sys.stdout.write(f"{title} ({len(rows)})\n")
    width = max((len(name) for name, _, _ in rows), default=0)
    for name, extent, doc in rows:
        sys.stdout.write(f"  {name:{width}}  {doc}\n  {'':{width}}  ({extent})\n")
    sys.stdout.write("\n")
