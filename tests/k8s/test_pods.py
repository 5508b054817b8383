"""Every pod meets the Pod Security profile "restricted", has resources and probes, and runs an existing command."""

import re
from argparse import ArgumentParser
from importlib import import_module
from importlib.util import find_spec

import pytest

from tests.k8s.rendered import (
    LAYERS,
    OVERLAYS,
    ROOT,
    Manifest,
    containers_of,
    labels_of,
    name_of,
    of_kind,
    pod_of,
    ports_of,
    workloads,
)

RESTRICTED_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}


@pytest.fixture(params=LAYERS)
def layer(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def violations(workload: Manifest) -> list[str]:
    """Violations of the profile "restricted" of the Pod Security Standards (v1.32)."""
    pod = pod_of(workload)
    shared = pod.get("securityContext", {})
    found = [f"{name} is set" for name in ("hostNetwork", "hostPID", "hostIPC") if pod.get(name)]
    found += [
        f"volume {volume['name']} is a {kind}"
        for volume in pod.get("volumes", [])
        for kind in volume.keys() - {"name"}
        if kind not in RESTRICTED_VOLUMES
    ]
    for container in containers_of(workload):
        own = {**shared, **container.get("securityContext", {})}
        where = f"container {container['name']}"
        if own.get("runAsNonRoot") is not True or own.get("runAsUser") == 0:
            found.append(f"{where} may run as root")
        if own.get("privileged") or own.get("allowPrivilegeEscalation") is not False:
            found.append(f"{where} may gain privileges")
        if own.get("capabilities") != {"drop": ["ALL"]}:
            found.append(f"{where} keeps capabilities")
        if own.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"):
            found.append(f"{where} has no seccomp profile")
        if any("hostPort" in port for port in container.get("ports", [])):
            found.append(f"{where} uses a host port")
    return found


def test_pods_meet_the_restricted_profile(layer: str) -> None:
    assert {name: violations(workload) for name, workload in workloads(layer).items()} == {
        name: [] for name in ("alerts", "api", "collector", "engine", "migrate")
    }


def test_violations_are_found() -> None:
    engine = workloads("base")["engine"]
    pod = pod_of(engine)
    pod["hostNetwork"] = True
    pod["volumes"].append({"name": "node", "hostPath": {"path": "/"}})
    pod["containers"][0]["securityContext"] = {"runAsUser": 0}
    del pod["securityContext"]["seccompProfile"]
    assert violations(engine) == [
        "hostNetwork is set",
        "volume node is a hostPath",
        "container engine may run as root",
        "container engine may gain privileges",
        "container engine keeps capabilities",
        "container engine has no seccomp profile",
    ]


def test_namespace_enforces_the_restricted_profile(layer: str) -> None:
    (namespace,) = of_kind(layer, "Namespace")
    labels = namespace["metadata"]["labels"]
    assert {labels[f"pod-security.kubernetes.io/{mode}"] for mode in ("enforce", "audit", "warn")} == {"restricted"}


def test_pods_have_no_token_and_no_service_links(layer: str) -> None:
    for workload in workloads(layer).values():
        pod = pod_of(workload)
        assert (pod["automountServiceAccountToken"], pod["enableServiceLinks"]) == (False, False), name_of(workload)
    assert not any(account["automountServiceAccountToken"] for account in of_kind(layer, "ServiceAccount"))


def test_root_filesystem_is_read_only_and_every_mounted_volume_is_bounded(layer: str) -> None:
    for workload in workloads(layer).values():
        pod = pod_of(workload)
        claims = {name_of(claim) for claim in workload["spec"].get("volumeClaimTemplates", [])}
        config_maps = {volume["name"] for volume in pod["volumes"] if "configMap" in volume}
        scratch = {volume["name"] for volume in pod["volumes"] if volume.get("emptyDir", {}).get("sizeLimit")}
        for container in containers_of(workload):
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
            assert mounts.keys() == claims | scratch | config_maps
            assert all(mount["readOnly"] for mount in container["volumeMounts"] if mount["name"] in config_maps)
            assert mounts["tmp"] == "/tmp"


def test_memory_limit_equals_its_request_and_cpu_has_no_limit(layer: str) -> None:
    for workload in workloads(layer).values():
        for container in containers_of(workload):
            resources = container["resources"]
            assert resources["limits"] == {"memory": resources["requests"]["memory"]}
            assert set(resources["requests"]) == {"cpu", "memory"}


@pytest.mark.parametrize(("name", "port"), [("engine", "metrics"), ("api", "http")])
def test_servers_have_startup_liveness_and_readiness_probes(layer: str, name: str, port: str) -> None:
    workload = workloads(layer)[name]
    (container,) = pod_of(workload)["containers"]
    probes = {kind: container[kind]["httpGet"] for kind in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert probes == {
        "startupProbe": {"path": "/livez", "port": port},
        "livenessProbe": {"path": "/livez", "port": port},
        "readinessProbe": {"path": "/readyz", "port": port},
    }
    assert port in ports_of(workload)


def test_api_pods_shut_down_after_endpoints_are_updated(layer: str) -> None:
    api = workloads(layer)["api"]
    pause_s = pod_of(api)["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert 0 < pause_s < pod_of(api)["terminationGracePeriodSeconds"]
    assert api["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


def test_engine_versions_are_never_mixed(layer: str) -> None:
    engine = workloads(layer)["engine"]["spec"]
    assert (engine["updateStrategy"], engine["podManagementPolicy"]) == ({"type": "OnDelete"}, "Parallel")
    (claim,) = engine["volumeClaimTemplates"]
    assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]
    assert engine["replicas"] == 1, "one recovery volume serves one pod"


def test_only_one_collector_runs_at_a_time(layer: str) -> None:
    collector = workloads(layer)["collector"]["spec"]
    assert (collector["replicas"], collector["strategy"]) == (1, {"type": "Recreate"})


def test_commands_exist(layer: str) -> None:
    for workload in workloads(layer).values():
        for container in pod_of(workload)["containers"]:
            python, dash_m, module, *rest = container["command"]
            assert (python, dash_m) == ("python", "-m")
            assert find_spec(f"{module}.__main__"), f"{module} cannot be run"
            if module == "flows":
                command, *options = rest
                parser = ArgumentParser()
                import_module(f"flows.commands.{command}").add_arguments(parser)
                parser.parse_args(options)


@pytest.mark.parametrize("layer", OVERLAYS)
def test_overlay_sets_the_image_and_its_version(layer: str) -> None:
    images = {container["image"] for workload in workloads(layer).values() for container in containers_of(workload)}
    (image,) = images
    assert re.fullmatch(r"([\w.-]+/)?signalengine(:[\w.-]+|@sha256:[0-9a-f]{64})", image)
    assert not image.endswith(":latest")


def test_base_does_not_set_an_image_version() -> None:
    assert {c["image"] for workload in workloads("base").values() for c in containers_of(workload)} == {"signalengine"}


def test_prod_overlay_has_the_version_of_the_project() -> None:
    declared = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert declared
    assert pod_of(workloads("overlays/prod")["api"])["containers"][0]["image"].endswith(f":{declared[1]}")


def test_pods_have_the_recommended_labels(layer: str) -> None:
    for name, workload in workloads(layer).items():
        assert labels_of(workload) == {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "signalengine"}
