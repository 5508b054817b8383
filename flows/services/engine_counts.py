"""Engine counts: how many signals, whales and opportunities the running engine found, read from its metrics."""

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from flows.services.home import Instance
from flows.services.web import get


class EngineCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Totals since the engine started; signals and whales as (emitted, suppressed).

    Attributes
    ----------
    whales
        Including consensus and disagreement between several whales.
    opportunities
        Arbitrage opportunities that were opened.
    """

    signals: tuple[int, int]
    whales: tuple[int, int]
    opportunities: int


def engine_counts(instance: Instance, *, timeout_s: float = 1.0) -> EngineCounts | None:
    """Fetch the counts from the engine's metrics endpoint; None if it does not answer."""
    body, problem = get(instance.metrics_url, timeout_s=timeout_s)
    if problem is not None:
        return None
    totals: dict[tuple[str, str], float] = {}
    for family in text_string_to_metric_families(body.decode()):
        for sample in family.samples:
            key = sample.name, sample.labels.get("status") or sample.labels.get("change", "")
            totals[key] = totals.get(key, 0.0) + sample.value
    signals, whales = (
        (int(totals.get((name, "emitted"), 0)), int(totals.get((name, "suppressed"), 0)))
        for name in ("candidates_total", "whales_total")
    )
    opened = int(totals.get(("opportunities_total", "opened"), 0))
    return EngineCounts(signals=signals, whales=whales, opportunities=opened)
