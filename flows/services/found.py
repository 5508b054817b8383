"""Found: what the engine has concluded since it was started, as its metrics say."""

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from flows.services.home import Instance
from flows.services.web import get


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """How much was found; of signals and whales those that were told and those that were suppressed.

    Attributes
    ----------
    whales
        With consensus and disagreement of several.
    opportunities
        Those that were opened.
    """

    signals: tuple[int, int]
    whales: tuple[int, int]
    opportunities: int


def found(instance: Instance, *, patience_s: float = 1.0) -> Found | None:
    """What the engine says; None if it does not answer."""
    body, problem = get(instance.metrics_url, patience_s=patience_s)
    if problem is not None:
        return None
    told: dict[tuple[str, str], float] = {}
    for family in text_string_to_metric_families(body.decode()):
        for sample in family.samples:
            key = sample.name, sample.labels.get("status") or sample.labels.get("change", "")
            told[key] = told.get(key, 0.0) + sample.value
    signals, whales = (
        (int(told.get((name, "emitted"), 0)), int(told.get((name, "suppressed"), 0)))
        for name in ("candidates_total", "whales_total")
    )
    return Found(signals=signals, whales=whales, opportunities=int(told.get(("opportunities_total", "opened"), 0)))
