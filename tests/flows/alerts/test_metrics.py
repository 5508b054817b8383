from datetime import UTC, datetime, timedelta

from prometheus_client.parser import text_string_to_metric_families

from flows.alerts.metrics import AlertMetrics
from store.webhooks import Count

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_values_are_rendered() -> None:
    metrics = AlertMetrics(["desk", "phone"], ["alerts"])
    metrics.add_attempts("desk", "failed", 3)
    metrics.set_circuit("desk", "open")
    metrics.add_recovered("alerts", 4)
    waiting = [Count("desk", "waiting", 5, AT - timedelta(seconds=90)), Count("removed", "waiting", 1, AT)]
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(metrics.render(waiting, AT))
        for sample in family.samples
        if not sample.name.endswith("_created")
    }
    assert samples == {
        ("alerts_deliveries_total", "desk", "delivered"): 0,
        ("alerts_deliveries_total", "desk", "failed"): 3,
        ("alerts_deliveries_total", "desk", "held"): 0,
        ("alerts_deliveries_total", "desk", "given_up"): 0,
        ("alerts_deliveries_total", "phone", "delivered"): 0,
        ("alerts_deliveries_total", "phone", "failed"): 0,
        ("alerts_deliveries_total", "phone", "held"): 0,
        ("alerts_deliveries_total", "phone", "given_up"): 0,
        ("alerts_circuit", "desk"): 1,
        ("alerts_circuit", "phone"): 0,
        ("alerts_waiting", "desk"): 5,
        ("alerts_waiting", "phone"): 0,
        ("alerts_oldest_waiting_seconds", "desk"): 90,
        ("alerts_oldest_waiting_seconds", "phone"): 0,
        ("alerts_messages_recovered_total", "alerts"): 4,
        ("alerts_messages_skipped_total", "alerts"): 0,
    }


def test_help_says_what_to_do_when_the_value_changes() -> None:
    for family in text_string_to_metric_families(AlertMetrics(["desk"], ["alerts"]).render([], AT)):
        assert ": " in family.documentation, family.name
        assert family.documentation.endswith("."), family.name
