"""The objects refer to each other correctly (selectors, ports, accounts, secrets), and network access is restricted."""

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


def selected(selector: dict[str, Any], layer: str) -> set[str]:
    """The workloads whose pods a selector matches; an empty selector matches all."""
    match_labels, expressions = selector.get("matchLabels", {}), selector.get("matchExpressions", [])
    return {
        name
        for name, workload in workloads(layer).items()
        if match_labels.items() <= labels_of(workload).items()
        and all(labels_of(workload).get(rule["key"]) in rule["values"] for rule in expressions)
    }


def policies(layer: str) -> dict[str, Manifest]:
    return {name_of(policy): policy["spec"] for policy in of_kind(layer, "NetworkPolicy")}


def allowed_peers(policy: Manifest) -> list[Manifest]:
    return [peer for rule in policy["ingress"] for peer in rule["from"]]


def test_workload_selectors_match_only_their_own_pods(layer: str) -> None:
    for name, workload in workloads(layer).items():
        if workload["kind"] != "Job":  # the cluster generates the selector of a Job
            assert selected(workload["spec"]["selector"], layer) == {name}


def test_services_target_open_container_ports(layer: str) -> None:
    for service in of_kind(layer, "Service"):
        assert selected({"matchLabels": service["spec"]["selector"]}, layer) == {name_of(service)}
        open_ports = ports_of(workloads(layer)[name_of(service)])
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= open_ports.keys()


def test_engine_pods_have_dns_names_before_they_are_ready(layer: str) -> None:
    (service,) = [service for service in of_kind(layer, "Service") if name_of(service) == "engine"]
    assert (service["spec"]["clusterIP"], service["spec"]["publishNotReadyAddresses"]) == ("None", True)
    assert workloads(layer)["engine"]["spec"]["serviceName"] == name_of(service)


def test_disruption_budget_protects_the_api_and_lets_nodes_drain(layer: str) -> None:
    (budget,) = of_kind(layer, "PodDisruptionBudget")
    assert selected(budget["spec"]["selector"], layer) == {"api"}
    assert budget["spec"]["maxUnavailable"] == 1


def test_every_workload_has_its_own_service_account(layer: str) -> None:
    accounts = {name_of(account) for account in of_kind(layer, "ServiceAccount")}
    assert {name: pod_of(workload)["serviceAccountName"] for name, workload in workloads(layer).items()} == {
        name: name for name in accounts
    }


def test_secrets_are_referenced_and_never_in_the_manifests(layer: str) -> None:
    assert of_kind(layer, "Secret") == []
    referenced = {
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
    assert referenced == {
        name: {key: {"name": "signalengine", "key": key} for key in keys} for name, keys in needed.items()
    }


def test_settings_come_from_the_config_map(layer: str) -> None:
    (config,) = of_kind(layer, "ConfigMap")
    for name, workload in workloads(layer).items():
        (container,) = pod_of(workload)["containers"]
        sources = [
            source["configMapRef"]["name"] for source in container.get("envFrom", []) if "configMapRef" in source
        ]
        assert sources == ([] if name == "migrate" else [name_of(config)])


def test_traffic_is_denied_by_default(layer: str) -> None:
    assert policies(layer)["default-deny"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_only_engine_pods_reach_the_timely_port(layer: str) -> None:
    (timely,) = [port for name, port in ports_of(workloads(layer)["engine"]).items() if name == "timely"]
    policies_for_timely = {
        name: allowed_peers(policy)
        for name, policy in policies(layer).items()
        if "engine" in selected(policy["podSelector"], layer)
        for rule in policy.get("ingress", [])
        if {port["port"] for port in rule["ports"]} & {timely, "timely"}
    }
    assert list(policies_for_timely) == ["timely"]
    (peer,) = policies_for_timely["timely"]
    assert peer.keys() == {"podSelector"}, "only pods of this namespace"
    assert selected(peer["podSelector"], layer) == {"engine"}
    assert policies(layer)["timely"]["egress"] == [{"to": [peer], "ports": [{"protocol": "TCP", "port": timely}]}]


def test_policies_open_only_existing_ports_and_never_to_all_peers(layer: str) -> None:
    for policy in policies(layer).values():
        reachable = [ports_of(workloads(layer)[name]) for name in selected(policy["podSelector"], layer)]
        known = {name for ports in reachable for name in ports}
        for rule in policy.get("ingress", []):
            assert rule["from"], "a rule without peers allows all of them"
            assert {port["port"] for port in rule["ports"]} <= known


def test_prometheus_and_labelled_namespaces_are_allowed(layer: str) -> None:
    assert selected(policies(layer)["metrics"]["podSelector"], layer) == {"engine", "api"}
    assert selected(policies(layer)["api"]["podSelector"], layer) == {"api"}
    assert allowed_peers(policies(layer)["metrics"]) == [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}},
            "podSelector": {"matchLabels": {"app.kubernetes.io/name": "prometheus"}},
        }
    ]


def test_egress_is_limited_to_dns_and_stores(layer: str) -> None:
    egress = {name: policy["egress"] for name, policy in policies(layer).items() if "egress" in policy}
    assert set(egress) == {"alerts", "stores", "timely"}
    ports = [{port["port"] for port in rule["ports"]} for rule in egress["stores"]]
    assert ports == [{53}, {5432, 6379}]


def test_alerts_may_connect_to_public_addresses_on_port_443_only(layer: str) -> None:
    (rule,) = policies(layer)["alerts"]["egress"]
    (peer,) = rule["to"]
    assert rule["ports"] == [{"protocol": "TCP", "port": 443}]
    assert peer["ipBlock"]["cidr"] == "0.0.0.0/0"
    assert {"10.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"} <= set(peer["ipBlock"]["except"])


def test_alerts_are_off_until_hooks_are_configured(layer: str) -> None:
    assert workloads(layer)["alerts"]["spec"]["replicas"] == 0


def test_kinds_of_objects_are_those_tested_here(layer: str) -> None:
    assert {each["kind"] for each in objects(layer)} == {
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
