"""Prediction: the dataflow for prediction markets, from wallets' trades and order books to graded signals."""

from collections.abc import Mapping
from dataclasses import replace

import bytewax.operators as op
import msgspec
from bytewax.dataflow import Dataflow, operator
from bytewax.inputs import Source
from bytewax.operators import KeyedStream
from bytewax.outputs import Sink

from domain.aligned import Aligned
from domain.arbitrage import ArbitrageSettings
from domain.branches import PREDICTION
from domain.environ import read
from domain.findings import Findings
from domain.slices import Slice
from domain.vocabulary import Vocabulary
from domain.whale_settings import WhaleSettings
from domain.whales import WhaleFindings
from flows.intelligence import DEFAULTS, Intelligence
from flows.prediction_settings import PredictionSettings
from flows.settings import EngineSettings
from flows.signals import roll_settings, scope
from operators.align import align
from operators.align_whales import align_whales
from operators.attend import attend
from operators.back import HORIZON_NS, STRATEGIES, Backed, back
from operators.catalogue import Catalogue, catalogue
from operators.correlate import correlate
from operators.execute import execute
from operators.grade_wallets import grade_wallets
from operators.roll import roll
from operators.score import score
from operators.settle import Costs, settle
from operators.spot_arbitrage import spot_arbitrage
from operators.spot_whales import spot_whales
from operators.tally import tally

SETTINGS = PredictionSettings().engine


class FindingSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of what is searched for in prediction markets: whale trades and arbitrage."""

    whales: WhaleSettings = WhaleSettings()
    arbitrage: ArbitrageSettings = ArbitrageSettings()

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "FindingSettings":
        """Read and check; see `domain.environ.read`.

        Raises
        ------
        SettingError
            If a setting is unknown or out of range.
        """
        return cls(
            whales=read(WhaleSettings, "whales", environ).checked(),
            arbitrage=read(ArbitrageSettings, "arbitrage", environ).checked(),
        )


FINDING_SETTINGS = FindingSettings()


class Sinks(msgspec.Struct, frozen=True, kw_only=True):
    """Sinks by step id and kind of result; slices and opportunities per shard, the others in one global order."""

    slices: Mapping[str, Sink[tuple[str, Slice]]] = {}
    opportunities: Mapping[str, Sink[tuple[str, Findings]]] = {}
    whales: Mapping[str, Sink[tuple[str, WhaleFindings]]] = {}
    aligned: Mapping[str, Sink[tuple[str, Aligned]]] = {}


def recipe(
    log: Source[tuple[str, bytes]],
    sinks: Sinks,
    settings: EngineSettings = SETTINGS,
    *,
    intelligence: Intelligence = DEFAULTS,
    finding_settings: FindingSettings = FINDING_SETTINGS,
) -> Dataflow:
    """Build the dataflow that reads a log of trades, order books and markets; see `prediction`."""
    flow = Dataflow("signalengine")
    prediction("prediction", op.input("log", flow, log), sinks, settings, intelligence, finding_settings)
    return flow


@operator
def prediction(
    step_id: str,  # noqa: ARG001  prefix of the step ids below
    blocks: KeyedStream[bytes],
    sinks: Sinks,
    settings: EngineSettings,
    intelligence: Intelligence,
    finding_settings: FindingSettings,
) -> None:
    """Add the branch for prediction markets to a dataflow.

    Parameters
    ----------
    blocks
        Blocks of a log of trades with wallets, order books and markets (domain.blocks), keyed by shard
        (flows.shards); all markets of a group are in one shard.
    sinks
        Where the results are written.
    settings, intelligence, finding_settings
        Settings of the steps.
    """
    ideas = applicable_ideas()
    costs = Costs(settings.fee_bps, settings.slippage_bps)

    closed = roll("roll", blocks, roll_settings(settings, from_bars=False))
    whales = spot_whales("spot_whales", blocks, finding_settings.whales)
    baskets = spot_arbitrage("spot_arbitrage", blocks, finding_settings.arbitrage, ideas.arbitrages)
    backed = back("back", blocks, closed, whales, baskets, settings.slippage_bps)
    settled = settle("settle", op.map_value("candidates", backed, _slice), costs)
    aligned = align("align", settled, len(ideas.columns))
    scored = score(
        "score",
        aligned,
        intelligence.score,
        dict.fromkeys(STRATEGIES, HORIZON_NS // 4),
        ideas.columns,
        primary=settings.frames.index(settings.primary),
        cost=costs.both_sides,
        quiet_ns=settings.quiet_ns,
    )
    attended = attend("attend", scored, backed)
    correlated = correlate("correlate", attended, intelligence.correlate, ideas, scope(settings))
    executed = execute("execute", correlated, intelligence.paper, costs)
    tallied = tally("tally", executed, STRATEGIES)
    graded = grade_wallets("grade_wallets", align_whales("align_whales", whales), finding_settings.whales)

    for name, of_slices in sinks.slices.items():
        op.output(name, settled, of_slices)
    for name, of_whales in sinks.whales.items():
        op.output(name, graded, of_whales)
    for name, of_baskets in sinks.opportunities.items():
        op.output(name, baskets, of_baskets)
    for name, of_aligned in sinks.aligned.items():
        op.output(name, tallied, of_aligned)


def applicable_ideas() -> Catalogue:
    """The catalogue entries that apply here: patterns over whales or arbitrage, and all arbitrage kinds."""
    ideas = catalogue()
    patterns = tuple(
        pattern for pattern in ideas.patterns if any({"whale", "arbitrage"} & set(need.kinds) for need in pattern.needs)
    )
    return replace(ideas, features=(), detectors=(), strategies=(), patterns=patterns)


def vocabulary(settings: EngineSettings = SETTINGS) -> Vocabulary:
    """Names for the numeric codes in the results: frames, strategies and patterns."""
    patterns = applicable_ideas().patterns
    return Vocabulary(
        frames=tuple(frame.name for frame in settings.frames),
        features=(),
        detectors=(),
        strategies=STRATEGIES,
        primary=settings.primary.name,
        patterns=tuple(pattern.name for pattern in patterns),
        verbs=tuple(pattern.verb for pattern in patterns),
        branch=PREDICTION,
    )


def _slice(given: Backed) -> Slice:
    return given.slice
