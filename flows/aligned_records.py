"""Aligned records: convert the results of all shards to the records of the ledger and the feed.

Pure functions of an Aligned and its vocabulary. Only the representation changes: codes become names, instants
become datetimes, and NaN becomes null.
"""

from collections import defaultdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain import clock, ids
from domain.aligned import Aligned
from domain.composites import KINDS, Component, Composite
from domain.scores import REGIMES
from domain.signals import FrameView, Outcome, Signal
from domain.slices import OUTCOMES, SUPPRESSED, SUPPRESSED_REASONS
from domain.vocabulary import Vocabulary
from flows.plain_values import finite_or_none, rows
from flows.reasons import Evidence, composite_reason, signal_reason
from flows.slice_records import instrument

SCORED = ("adjusted_score", "time_decay_factor", "historical_boost", "correlation_boost", "risk_penalty")
"""Fields of a signal that its score has under the same name."""


def signals(given: Aligned, vocabulary: Vocabulary) -> list[Signal]:
    """The candidates, emitted and suppressed, each with its score and its reason as a sentence."""
    if not given.candidates.size:
        return []
    evidence = _evidence(given, vocabulary)
    scores: list[dict[str, Any] | None] = [*rows(given.scores)] or [None] * given.candidates.size
    return [
        _signal(row, score, given.decided[:, at], given.names[row["instrument"]], evidence, vocabulary)
        for at, (row, score) in enumerate(zip(rows(given.candidates), scores, strict=True))
    ]


def outcomes(given: Aligned, vocabulary: Vocabulary) -> list[Outcome]:
    """The outcomes of candidates that ended."""
    records = []
    for row in rows(given.outcomes):
        entered, name = row["entry_at"] != 0, given.names[row["instrument"]]
        strategy = vocabulary.strategies[row["strategy"]]
        records.append(
            Outcome(
                signal_id=ids.signal_id(name, vocabulary.primary, strategy, row["direction"], row["ts"]),
                outcome=OUTCOMES[row["outcome"]],  # type: ignore[arg-type]  # the names of OutcomeName
                entry_at=clock.to_datetime(row["entry_at"]) if entered else None,
                exit_at=clock.to_datetime(row["exit_at"]),
                entry_price=finite_or_none(row["entry_price"]),
                exit_price=finite_or_none(row["exit_price"]),
                return_pct=finite_or_none(row["return_pct"]),
                return_r=finite_or_none(row["return_r"]),
                best_r=finite_or_none(row["best_r"]),
                worst_r=finite_or_none(row["worst_r"]),
                duration_s=(row["exit_at"] - row["entry_at"]) / clock.SECOND if entered else None,
            )
        )
    return records


def composites(given: Aligned, vocabulary: Vocabulary) -> list[Composite]:
    """The composite signals, each with its components and its reason as a sentence."""
    return [_composite(row, given.names[row["instrument"]], vocabulary) for row in rows(given.composites)]


def _composite(row: dict[str, Any], name: str, vocabulary: Vocabulary) -> Composite:
    listed, pattern = instrument(name), vocabulary.patterns[row["pattern"]]
    fields = ("kind", "idea", "frame", "direction", "ts", "weight")
    parts = zip(*(row[f"component_{field}"].tolist() for field in fields), strict=True)
    components = [_component(name, vocabulary, KINDS[kind], *rest) for kind, *rest in list(parts)[: row["components"]]]
    direction = row["direction"]
    return Composite(
        id=ids.composite_id(name, pattern, direction, row["ts"]),
        venue=listed.venue,
        symbol=listed.symbol,
        market_slug=listed.market_slug,
        pattern_type=pattern,
        direction="long" if direction > 0 else "short" if direction < 0 else "neutral",
        detected_at=clock.to_datetime(row["ts"]),
        component_signals=components,
        composite_confidence=row["composite_confidence"],
        correlation_score=row["correlation_score"],
        expected_return=finite_or_none(row["expected_return"]),
        risk_score=row["risk_score"],
        regime=REGIMES[row["regime"]],
        reason=composite_reason(
            symbol=listed.symbol,
            pattern=pattern,
            direction=direction,
            components=[each.name for each in components],
            confidence=row["composite_confidence"],
            statistic=row["statistic"],
            verb=vocabulary.verbs[row["pattern"]] if vocabulary.verbs else "",
        ),
        simulated=listed.simulated,
    )


def _component(
    name: str, vocabulary: Vocabulary, kind: str, idea: int, frame: int, direction: int, ts: int, weight: float
) -> Component:
    if kind == "signal":
        idea_name = vocabulary.strategies[idea]
        identity = ids.signal_id(name, vocabulary.primary, idea_name, direction, ts)
    elif kind == "event":
        idea_name = vocabulary.detectors[idea]
        identity = ids.event_id(name, vocabulary.frames[frame], idea_name, ts)
    else:
        idea_name = kind
        identity = ids.evidence_id(name, kind, direction, ts)
    return Component(
        kind=kind,
        id=identity,
        name=idea_name,
        direction=direction,
        detected_at=clock.to_datetime(ts),
        weight=weight,
    )


EvidenceByBar = dict[tuple[int, int], list[Evidence]]
"""Events on the primary bars, by (instrument, close time in ns)."""


def _evidence(given: Aligned, vocabulary: Vocabulary) -> EvidenceByBar:
    evidence: EvidenceByBar = defaultdict(list)
    primary = vocabulary.frames.index(vocabulary.primary)
    events = given.events[given.events["frame"] == primary]
    for row in rows(events[np.isin(events["ts"], given.candidates["ts"])]):
        detector = vocabulary.detectors[row["detector"]]
        evidence[row["instrument"], row["ts"]].append(Evidence(detector, row["direction"], row["strength"]))
    return evidence


def _signal(
    row: dict[str, Any],
    score: dict[str, Any] | None,
    features: NDArray[np.float64],
    name: str,
    evidence_by_bar: EvidenceByBar,
    vocabulary: Vocabulary,
) -> Signal:
    listed, strategy = instrument(name), vocabulary.strategies[row["strategy"]]
    evidence = evidence_by_bar.get((row["instrument"], row["ts"]), [])
    # The columns have a fixed width: the largest number of frames.
    views = list(zip(vocabulary.frames, row["mtf_direction"].tolist(), row["mtf_strength"].tolist(), strict=False))
    suppressed = SUPPRESSED_REASONS[row["reason"]] if row["status"] == SUPPRESSED else None
    expires_at = clock.to_datetime(row["expires_at"])
    return Signal(
        id=ids.signal_id(name, vocabulary.primary, strategy, row["direction"], row["ts"]),
        venue=listed.venue,
        symbol=listed.symbol,
        market_slug=listed.market_slug,
        signal_type=strategy,
        timeframe=vocabulary.primary,
        direction="long" if row["direction"] > 0 else "short",
        detected_at=clock.to_datetime(row["ts"]),
        entry_price=row["entry_price"],
        take_profit=row["take_profit"],
        stop_loss=row["stop_loss"],
        expires_at=expires_at,
        status="suppressed" if suppressed else "emitted",
        suppressed_reason=suppressed,
        raw_confidence=row["confidence"],
        mtf_aligned=bool(row["mtf_aligned"]),
        mtf_score=row["mtf_score"],
        mtf_details={frame: FrameView(direction, strength) for frame, direction, strength in views},
        events=[each.detector for each in evidence],
        features={
            name: finite_or_none(value) for name, value in zip(vocabulary.features, features.tolist(), strict=True)
        },
        reason=signal_reason(
            symbol=listed.symbol,
            timeframe=vocabulary.primary,
            strategy=strategy,
            direction=row["direction"],
            evidence=evidence,
            frame_directions=[direction for _, direction, _ in views],
            take_profit=row["take_profit"],
            stop_loss=row["stop_loss"],
            expires_at=expires_at,
            suppressed_reason=suppressed,
            cost=row["cost"] / 1_000_000,
        ),
        simulated=listed.simulated,
        **(_scored(score, name, vocabulary) if score else {}),
    )


def _scored(score: dict[str, Any], name: str, vocabulary: Vocabulary) -> dict[str, Any]:
    """The fields of a signal that come from its score."""
    related = zip(
        score["correlated_strategy"].tolist(),
        score["correlated_direction"].tolist(),
        score["correlated"].tolist(),
        strict=True,
    )
    return {
        **{field: finite_or_none(score[field]) for field in SCORED},
        "regime": REGIMES[score["regime"]],
        "final_score": finite_or_none(score["final_score"]),
        "ranking": score["ranking"] or None,
        "probability": finite_or_none(score["probability"]),
        "expected_value_r": finite_or_none(score["expected_r"]),
        "correlations": [
            ids.signal_id(name, vocabulary.primary, vocabulary.strategies[strategy], direction, ts)
            for strategy, direction, ts in list(related)[: score["correlations"]]
        ],
    }
