"""The objects find each other: selectors and labels, ports, accounts, secrets; and nobody else finds them."""

from typing import Any

import pytest

from tests.k8s.rendered import (
    LAYERS,
    Manifest,
    containers_of,
    labels_of,
    name_of,
    objects,
    of_kind,
    pod_of,
    ports_of,
    workloads,
)

STORES = {"DATABASE_URL", "REDIS_URL"}


@pytest.fixture(params=LAYERS)
def layer(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def chosen(selector: dict[str, Any], layer: str) -> set[str]:
    """The workloads whose pods a selector means; an empty selector means all."""
    plain, expressions = selector.get("matchLabels", {}), selector.get("matchExpressions", [])
    return {
        name
        for name, workload in workloads(layer).items()
        if plain.items() <= labels_of(workload).items()
        and all(labels_of(workload).get(rule["key"]) in rule["values"] for rule in expressions)
    }


def policies(layer: str) -> dict[str, Manifest]:
    return {name_of(policy): policy["spec"] for policy in of_kind(layer, "NetworkPolicy")}


def callers(policy: Manifest) -> list[Manifest]:
    return [peer for rule in policy["ingress"] for peer in rule["from"]]


def test_workloads_own_their_pods_and_no_others(layer: str) -> None:
    for name, workload in workloads(layer).items():
        if workload["kind"] != "Job":  # a Job's selector is made by the cluster
            assert chosen(workload["spec"]["selector"], layer) == {name}


def test_services_lead_to_ports_that_are_open(layer: str) -> None:
    for service in of_kind(layer, "Service"):
        assert chosen({"matchLabels": service["spec"]["selector"]}, layer) == {name_of(service)}
        open_ports = ports_of(workloads(layer)[name_of(service)])
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= open_ports.keys()


def test_engine_pods_have_names_before_they_are_ready(layer: str) -> None:
    (service,) = [service for service in of_kind(layer, "Service") if name_of(service) == "engine"]
    assert (service["spec"]["clusterIP"], service["spec"]["publishNotReadyAddresses"]) == ("None", True)
    assert workloads(layer)["engine"]["spec"]["serviceName"] == name_of(service)


def test_disruption_budget_holds_the_api_and_lets_nodes_drain(layer: str) -> None:
    (budget,) = of_kind(layer, "PodDisruptionBudget")
    assert chosen(budget["spec"]["selector"], layer) == {"api"}
    assert budget["spec"]["maxUnavailable"] == 1


def test_every_pod_has_an_account_of_its_own(layer: str) -> None:
    accounts = {name_of(account) for account in of_kind(layer, "ServiceAccount")}
    assert {name: pod_of(workload)["serviceAccountName"] for name, workload in workloads(layer).items()} == {
        name: name for name in accounts
    }


def test_secrets_are_referred_to_and_never_written_down(layer: str) -> None:
    assert of_kind(layer, "Secret") == []
    given = {
        name: {
            variable["name"]: variable["valueFrom"]["secretKeyRef"]
            for container in containers_of(workload)
            for variable in container["env"]
            if "secretKeyRef" in variable.get("valueFrom", {})
        }
        for name, workload in workloads(layer).items()
    }
    needed = {
        "alerts": STORES,
        "api": STORES,
        "engine": STORES,
        "collector": {"REDIS_URL"},
        "migrate": {"DATABASE_URL"},
    }
    assert given == {name: {key: {"name": "signalengine", "key": key} for key in keys} for name, keys in needed.items()}


def test_settings_come_from_the_one_config_map(layer: str) -> None:
    (config,) = of_kind(layer, "ConfigMap")
    for name, workload in workloads(layer).items():
        (container,) = pod_of(workload)["containers"]
        sources = [
            source["configMapRef"]["name"] for source in container.get("envFrom", []) if "configMapRef" in source
        ]
        assert sources == ([] if name == "migrate" else [name_of(config)])


def test_whatever_is_not_allowed_is_denied(layer: str) -> None:
    assert policies(layer)["default-deny"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_only_engine_pods_reach_the_timely_port(layer: str) -> None:
    (timely,) = [port for name, port in ports_of(workloads(layer)["engine"]).items() if name == "timely"]
    reached = {
        name: callers(policy)
        for name, policy in policies(layer).items()
        if "engine" in chosen(policy["podSelector"], layer)
        for rule in policy.get("ingress", [])
        if {port["port"] for port in rule["ports"]} & {timely, "timely"}
    }
    assert list(reached) == ["timely"]
    (peer,) = reached["timely"]
    assert peer.keys() == {"podSelector"}, "no namespace but our own"
    assert chosen(peer["podSelector"], layer) == {"engine"}
    assert policies(layer)["timely"]["egress"] == [{"to": [peer], "ports": [{"protocol": "TCP", "port": timely}]}]


def test_policies_open_only_named_ports_that_exist_and_never_to_all(layer: str) -> None:
    for policy in policies(layer).values():
        reachable = [ports_of(workloads(layer)[name]) for name in chosen(policy["podSelector"], layer)]
        known = {name for ports in reachable for name in ports}
        for rule in policy.get("ingress", []):
            assert rule["from"], "a rule without callers lets everybody in"
            assert {port["port"] for port in rule["ports"]} <= known


def test_prometheus_and_the_doorman_are_let_in(layer: str) -> None:
    assert chosen(policies(layer)["metrics"]["podSelector"], layer) == {"engine", "api"}
    assert chosen(policies(layer)["api"]["podSelector"], layer) == {"api"}
    assert callers(policies(layer)["metrics"]) == [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}},
            "podSelector": {"matchLabels": {"app.kubernetes.io/name": "prometheus"}},
        }
    ]


def test_pods_may_call_names_and_stores_and_nothing_else(layer: str) -> None:
    outward = {name: policy["egress"] for name, policy in policies(layer).items() if "egress" in policy}
    assert set(outward) == {"alerts", "stores", "timely"}
    ports = [{port["port"] for port in rule["ports"]} for rule in outward["stores"]]
    assert ports == [{53}, {5432, 6379}]


def test_alerts_may_call_the_internet_by_tls_and_no_neighbour(layer: str) -> None:
    (rule,) = policies(layer)["alerts"]["egress"]
    (peer,) = rule["to"]
    assert rule["ports"] == [{"protocol": "TCP", "port": 443}]
    assert peer["ipBlock"]["cidr"] == "0.0.0.0/0"
    assert {"10.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"} <= set(peer["ipBlock"]["except"])


def test_alerts_wait_for_hooks(layer: str) -> None:
    assert workloads(layer)["alerts"]["spec"]["replicas"] == 0


def test_no_object_is_forgotten_here(layer: str) -> None:
    assert {thing["kind"] for thing in objects(layer)} == {
        "ConfigMap",
        "Deployment",
        "Job",
        "Namespace",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "Service",
        "ServiceAccount",
        "StatefulSet",
    }
