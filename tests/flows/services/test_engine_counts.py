"""The engine's counts are read from its metrics endpoint."""

import numpy as np
from prometheus_client import start_http_server

from domain.aligned import Aligned
from domain.findings import OPPORTUNITY, BookCounts, Findings
from domain.slices import CANDIDATE, EMITTED, SUPPRESSED
from domain.whales import POSITION, WHALE, WhaleCounts, WhaleFindings
from flows.metrics import EngineMetrics
from flows.prediction import vocabulary
from flows.services.engine_counts import EngineCounts, engine_counts
from flows.services.home import Instance
from tests.builders import records
from tests.opportunities import opportunity

STATUSES = EMITTED, SUPPRESSED, SUPPRESSED


def instance(port: int) -> Instance:
    return Instance(url="", metrics_url=f"http://127.0.0.1:{port}/metrics", venue="sim")


def test_emitted_suppressed_and_opened_are_counted() -> None:
    metrics = EngineMetrics()
    server, thread = start_http_server(0, "127.0.0.1", metrics.registry)
    try:
        running = instance(server.server_port)
        assert engine_counts(running) == EngineCounts(signals=(0, 0), whales=(0, 0), opportunities=0)
        candidates = records(CANDIDATE, *({"status": status} for status in STATUSES))
        metrics.observe_decisions(Aligned(0, candidates=candidates), vocabulary())
        whales = records(WHALE, *({"status": status, "kind": kind} for kind, status in enumerate(reversed(STATUSES))))
        metrics.observe_whales(WhaleFindings(0, whales[1:], np.empty(0, POSITION), WhaleCounts(), []))
        changes = [opportunity(1), opportunity(2), opportunity(2, 1, change="updated")]
        metrics.observe_findings(Findings(0, changes, np.empty(0, OPPORTUNITY), BookCounts()))
        assert engine_counts(running) == EngineCounts(signals=(1, 2), whales=(1, 1), opportunities=2)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_unreachable_engine_has_no_counts() -> None:
    assert engine_counts(instance(1)) is None
