"""Signals: the dataflow for traded instruments, from the log of trades to graded signals, step by step."""

from collections.abc import Mapping

import bytewax.operators as op
from bytewax.dataflow import Dataflow, operator
from bytewax.inputs import Source
from bytewax.operators import KeyedStream
from bytewax.outputs import Sink

from domain.aligned import Aligned
from domain.clock import HOUR
from domain.errors import SettingError
from domain.slices import Slice
from domain.vocabulary import Vocabulary
from flows.intelligence import DEFAULTS, Intelligence
from flows.settings import EngineSettings
from operators.align import align
from operators.catalogue import catalogue
from operators.correlate import Scope, correlate
from operators.detect import detect
from operators.execute import execute
from operators.measure import measure
from operators.propose import ProposeSettings, propose
from operators.relate import relate
from operators.roll import RollSettings, roll
from operators.score import score
from operators.settle import Costs, settle
from operators.tally import tally

Keyed = tuple[str, Slice]


def recipe(
    log: Source[tuple[str, bytes]],
    sinks: Mapping[str, Sink[Keyed]],
    settings: EngineSettings,
    *,
    intelligence: Intelligence = DEFAULTS,
    aligned_sinks: Mapping[str, Sink[tuple[str, Aligned]]] | None = None,
    from_bars: bool = False,
) -> Dataflow:
    """Build the dataflow that reads a log of blocks and writes its results to the sinks; see `signals`."""
    flow = Dataflow("signalengine")
    blocks = op.input("log", flow, log)
    signals("signals", blocks, sinks, settings, intelligence, aligned_sinks or {}, from_bars=from_bars)
    return flow


@operator
def signals(
    step_id: str,  # noqa: ARG001  prefix of the step ids below
    blocks: KeyedStream[bytes],
    sinks: Mapping[str, Sink[Keyed]],
    settings: EngineSettings,
    intelligence: Intelligence,
    aligned_sinks: Mapping[str, Sink[tuple[str, Aligned]]],
    *,
    from_bars: bool = False,
) -> None:
    """Add the branch for traded instruments to a dataflow.

    Parameters
    ----------
    blocks
        Blocks of a log (domain.blocks), keyed by shard (flows.shards).
    sinks
        Step id to sink; each receives every Slice, keyed by shard.
    settings
        Settings of the steps that run per shard.
    intelligence
        Settings of the steps that run across all shards.
    aligned_sinks
        Step id to sink; each receives the results of all shards in one order. If empty, the steps across
        shards are left out.
    from_bars
        Whether the log holds closed bars instead of trades.
    """
    ideas = catalogue()
    frames = settings.frames
    check_horizons(settings)

    closed = roll("roll", blocks, roll_settings(settings, from_bars=from_bars))
    measured = measure("measure", closed, ideas.features, len(frames))
    noticed = detect("detect", measured, ideas.detectors, ideas.features, len(frames))
    proposed = propose(
        "propose", noticed, ideas.strategies, ideas.detectors, ideas.features, propose_settings(settings)
    )
    costs = Costs(settings.fee_bps, settings.slippage_bps)
    settled = settle("settle", proposed, costs)
    for name, sink in sinks.items():
        op.output(name, settled, sink)
    if aligned_sinks:  # aligning buffers rows until all shards have passed them; pointless without a sink
        aligned = align("align", settled, len(ideas.columns))
        related = relate("relate", aligned, frames, settings.reference_symbol)
        scored = score(
            "score",
            related,
            intelligence.score,
            half_lives(settings),
            ideas.columns,
            primary=frames.index(settings.primary),
            cost=costs.both_sides,
            quiet_ns=settings.quiet_ns,
        )
        correlated = correlate("correlate", scored, intelligence.correlate, ideas, scope(settings))
        executed = execute("execute", correlated, intelligence.paper, costs)
        tallied = tally("tally", executed, vocabulary(settings).strategies)
        for name, aligned_sink in aligned_sinks.items():
            op.output(name, tallied, aligned_sink)


def flow() -> Dataflow:
    """Build the live dataflow, from the Redis log to Postgres and the feed.

    Run it with ``python -m bytewax.run flows.signals:flow``, or, with sub-second epochs, recovery and
    a clean shutdown, with ``signalengine engine``.
    """
    from flows.engine import live_flow

    return live_flow()


def roll_settings(settings: EngineSettings, *, from_bars: bool) -> RollSettings:
    """Settings of `roll`; input bars are complete and never late."""
    return RollSettings(
        frames=settings.frames,
        lateness_ns=0 if from_bars else settings.lateness_ns,
        quiet_ns=settings.quiet_ns,
        partial_first=not from_bars,
    )


def propose_settings(settings: EngineSettings) -> ProposeSettings:
    """Settings of `propose`: the primary frame and the multi-timeframe check."""
    return ProposeSettings(
        frames=settings.frames,
        primary=settings.frames.index(settings.primary),
        alignment_required=settings.mtf_alignment_required,
        min_aligned=settings.mtf_min_aligned,
    )


def half_lives(settings: EngineSettings) -> dict[str, int]:
    """Half-life (ns) of the evidence of each strategy."""
    return {each.name: each.half_life_ns(settings.primary.length_ns) for each in catalogue().strategies}


def scope(settings: EngineSettings) -> Scope:
    """Settings of `correlate`: the primary frame, the expiry of quiet instruments and the reference symbol."""
    return Scope(
        primary=settings.frames.index(settings.primary),
        primary_ns=settings.primary.length_ns,
        quiet_ns=settings.quiet_ns,
        reference_symbol=settings.reference_symbol,
    )


def check_horizons(settings: EngineSettings) -> None:
    """Check that no instrument expires while one of its candidates may still be open.

    Raises
    ------
    SettingError
        If a strategy's horizon is longer than `quiet_h`.
    """
    longest = max(catalogue().strategies, key=lambda strategy: strategy.horizon)
    horizon_ns = longest.horizon * settings.primary.length_ns
    if horizon_ns > settings.quiet_ns:
        raise SettingError(
            f"quiet_h {settings.quiet_h:g} is shorter than the horizon of {longest.name}, {horizon_ns / HOUR:g} h; "
            f"set it to at least that"
        )


def vocabulary(settings: EngineSettings) -> Vocabulary:
    """Names for the numeric codes in a Slice: frames, features, detectors, strategies and patterns."""
    ideas = catalogue()
    return Vocabulary(
        frames=tuple(frame.name for frame in settings.frames),
        features=ideas.columns,
        detectors=tuple(detector.name for detector in ideas.detectors),
        strategies=tuple(strategy.name for strategy in ideas.strategies),
        primary=settings.primary.name,
        patterns=tuple(pattern.name for pattern in ideas.patterns),
        verbs=tuple(pattern.verb for pattern in ideas.patterns),
    )
