from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from api.endpoints.metrics import merge
from api.feed.reader import ALERTS_METRICS, ENGINE_METRICS
from store import status
from tests.api.builders import emitted
from tests.api.conftest import Api
from tests.until import until

samples = st.builds(
    "{}{} {}".format,
    st.sampled_from(["a", "b_total"]),
    st.sampled_from(["", '{x="1"}', '{x="} 2 {"}']),
    st.integers(0, 9),
)
pages = st.lists(st.sampled_from(["# HELP a Of a.", "# TYPE a gauge", "# TYPE b_total counter"]) | samples)


@given(pages, pages)
def test_merged_expositions_hold_each_series_once_with_its_first_value(one: list[str], other: list[str]) -> None:
    merged = merge(one, other)
    values = [line for line in merged if not line.startswith("#")]
    assert len({line.rpartition(" ")[0] for line in values}) == len(values)
    first: dict[str, str] = {}
    for line in one + other:
        if not line.startswith("#"):
            first.setdefault(line.rpartition(" ")[0], line)
    assert sorted(values) == sorted(first.values())
    described = [tuple(line.split()[1:3]) for line in merged if line.startswith("#")]
    assert len(set(described)) == len(described)


def value(api: Api, name: str, **labels: str) -> float | None:
    for family in text_string_to_metric_families(api.http.get("/metrics").text):
        for sample in family.samples:
            if (sample.name, sample.labels) == (name, labels):
                return float(sample.value)
    return None


def test_signals_on_the_feed_are_counted(api: Api) -> None:
    api.publish([emitted(number) for number in range(1, 8)])
    api.wait_for_ring()
    kinds = [(emitted(number).direction, str(emitted(number).mtf_aligned).lower()) for number in range(1, 8)]
    for direction, aligned in set(kinds):
        counted = value(api, "signals_generated_total", direction=direction, mtf_aligned=aligned)
        assert counted == kinds.count((direction, aligned))
    newest = emitted(7)
    score = value(api, "signal_score", direction=newest.direction, mtf_aligned=str(newest.mtf_aligned).lower())
    assert score == newest.raw_confidence
    assert value(api, "signal_score_distribution_count") == 7
    assert value(api, "feed_messages_total", channel="signals") == 7


def test_signals_from_before_the_start_are_not_counted(serve: Callable[..., Api]) -> None:
    serve().publish([emitted(1), emitted(2)])
    api = serve()
    until(lambda: api.resources.tail.connected)
    assert api.resources.hub.ring.newest["signals"] == 2
    assert value(api, "signal_score_distribution_count") == 0


def test_metrics_of_engine_and_alerts_are_merged_until_they_expire(api: Api) -> None:
    assert value(api, "watermark_lag_seconds", shard="3") is None
    text = (
        "# HELP watermark_lag_seconds How far behind.\n# TYPE watermark_lag_seconds gauge\n"
        'watermark_lag_seconds{shard="3"} 1.5\n'
        "# HELP system_threads Threads.\n# TYPE system_threads gauge\nsystem_threads 99\n"
    )
    status.set_text(api.redis, ENGINE_METRICS, text, ttl_s=60)
    assert value(api, "watermark_lag_seconds", shard="3") == 1.5
    assert value(api, "system_threads") != 99
    alerts = '# HELP alerts_waiting Waits.\n# TYPE alerts_waiting gauge\nalerts_waiting{hook="desk"} 3.0\n'
    status.set_text(api.redis, ALERTS_METRICS, alerts, ttl_s=60)
    assert value(api, "alerts_waiting", hook="desk") == 3
    assert value(api, "watermark_lag_seconds", shard="3") == 1.5
    status.set_text(api.redis, ENGINE_METRICS, text, ttl_s=0.001)
    until(lambda: value(api, "watermark_lag_seconds", shard="3") is None)


def test_without_redis_the_metrics_of_the_api_remain(serve: Callable[..., Api]) -> None:
    api = serve(redis_url="redis://127.0.0.1:9/0")
    assert value(api, "feed_connected") == 0
    assert value(api, "system_memory_bytes") > 1e6  # type: ignore[operator]


def test_the_help_of_every_metric_says_what_to_do(api: Api) -> None:
    for family in text_string_to_metric_families(api.http.get("/metrics").text):
        assert ". If " in family.documentation or ": " in family.documentation, family.name
        assert family.documentation.endswith("."), family.name


def test_the_legacy_format_has_the_same_series(api: Api) -> None:
    legacy = api.get("/metrics/legacy")["metrics"]
    assert legacy["feed_connected"] == 1
    series = {line.rpartition(" ")[0] for line in api.http.get("/metrics").text.splitlines() if line[0] != "#"}
    assert legacy.keys() <= series
    assert not any(name.startswith("#") for name in legacy)
