"""What the engine has found is read from where it tells its metrics."""

import numpy as np
from prometheus_client import start_http_server

from domain.aligned import Aligned
from domain.findings import OPPORTUNITY, BookCounts, Findings
from domain.slices import CANDIDATE, EMITTED, SUPPRESSED
from domain.whales import POSITION, WHALE, WhaleCounts, WhaleFindings
from flows.metrics import EngineMetrics
from flows.prediction import vocabulary
from flows.services.found import Found, found
from flows.services.home import Instance
from tests.builders import records
from tests.opportunities import opportunity

STATUSES = EMITTED, SUPPRESSED, SUPPRESSED


def instance(port: int) -> Instance:
    return Instance(url="", metrics_url=f"http://127.0.0.1:{port}/metrics", venue="sim")


def test_what_was_told_suppressed_and_opened_is_counted() -> None:
    metrics = EngineMetrics()
    server, thread = start_http_server(0, "127.0.0.1", metrics.registry)
    try:
        asked = instance(server.server_port)
        assert found(asked) == Found(signals=(0, 0), whales=(0, 0), opportunities=0)
        candidates = records(CANDIDATE, *({"status": status} for status in STATUSES))
        metrics.decide(Aligned(0, candidates=candidates), vocabulary())
        whales = records(WHALE, *({"status": status, "kind": kind} for kind, status in enumerate(reversed(STATUSES))))
        metrics.sight(WhaleFindings(0, whales[1:], np.empty(0, POSITION), WhaleCounts(), []))
        changes = [opportunity(1), opportunity(2), opportunity(2, 1, change="updated")]
        metrics.find(Findings(0, changes, np.empty(0, OPPORTUNITY), BookCounts()))
        assert found(asked) == Found(signals=(1, 2), whales=(1, 1), opportunities=2)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_an_engine_that_does_not_answer_has_found_nothing_we_know() -> None:
    assert found(instance(1)) is None
