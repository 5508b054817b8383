"""Every pod is confined as Pod Security "restricted" asks, sized, probed, and runs a command that exists."""

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

VOLUMES_OF_RESTRICTED = {
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
    """What the profile "restricted" of the Pod Security Standards (v1.32) would refuse."""
    pod = pod_of(workload)
    shared = pod.get("securityContext", {})
    found = [f"{name} is set" for name in ("hostNetwork", "hostPID", "hostIPC") if pod.get(name)]
    found += [
        f"volume {volume['name']} is a {kind}"
        for volume in pod.get("volumes", [])
        for kind in volume.keys() - {"name"}
        if kind not in VOLUMES_OF_RESTRICTED
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
            found.append(f"{where} takes a port of the node")
    return found


def test_pods_meet_the_restricted_profile(layer: str) -> None:
    assert {name: violations(workload) for name, workload in workloads(layer).items()} == {
        name: [] for name in ("alerts", "api", "collector", "engine", "migrate")
    }


def test_careless_pod_is_caught() -> None:
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


def test_pods_hold_no_token_and_no_variables_of_services(layer: str) -> None:
    for workload in workloads(layer).values():
        pod = pod_of(workload)
        assert (pod["automountServiceAccountToken"], pod["enableServiceLinks"]) == (False, False), name_of(workload)
    assert not any(account["automountServiceAccountToken"] for account in of_kind(layer, "ServiceAccount"))


def test_root_is_read_only_and_every_mount_has_a_bounded_volume(layer: str) -> None:
    for workload in workloads(layer).values():
        pod = pod_of(workload)
        claims = {name_of(claim) for claim in workload["spec"].get("volumeClaimTemplates", [])}
        given = {volume["name"] for volume in pod["volumes"] if "configMap" in volume}
        scratch = {volume["name"] for volume in pod["volumes"] if volume.get("emptyDir", {}).get("sizeLimit")}
        for container in containers_of(workload):
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
            assert mounts.keys() == claims | scratch | given
            assert all(mount["readOnly"] for mount in container["volumeMounts"] if mount["name"] in given)
            assert mounts["tmp"] == "/tmp"


def test_memory_is_asked_for_in_full_and_processors_are_not_capped(layer: str) -> None:
    for workload in workloads(layer).values():
        for container in containers_of(workload):
            resources = container["resources"]
            assert resources["limits"] == {"memory": resources["requests"]["memory"]}
            assert set(resources["requests"]) == {"cpu", "memory"}


@pytest.mark.parametrize(("name", "port"), [("engine", "metrics"), ("api", "http")])
def test_servers_are_probed_at_start_for_life_and_for_readiness(layer: str, name: str, port: str) -> None:
    workload = workloads(layer)[name]
    (container,) = pod_of(workload)["containers"]
    asked = {kind: container[kind]["httpGet"] for kind in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert asked == {
        "startupProbe": {"path": "/livez", "port": port},
        "livenessProbe": {"path": "/livez", "port": port},
        "readinessProbe": {"path": "/readyz", "port": port},
    }
    assert port in ports_of(workload)


def test_api_leaves_in_peace(layer: str) -> None:
    api = workloads(layer)["api"]
    pause_s = pod_of(api)["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert 0 < pause_s < pod_of(api)["terminationGracePeriodSeconds"]
    assert api["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


def test_engine_is_never_half_old_and_half_new(layer: str) -> None:
    engine = workloads(layer)["engine"]["spec"]
    assert (engine["updateStrategy"], engine["podManagementPolicy"]) == ({"type": "OnDelete"}, "Parallel")
    (claim,) = engine["volumeClaimTemplates"]
    assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]
    assert engine["replicas"] == 1, "one recovery volume serves one pod"


def test_collector_never_runs_twice(layer: str) -> None:
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
def test_overlay_names_the_image_to_the_version(layer: str) -> None:
    images = {container["image"] for workload in workloads(layer).values() for container in containers_of(workload)}
    (image,) = images
    assert re.fullmatch(r"([\w.-]+/)?signalengine(:[\w.-]+|@sha256:[0-9a-f]{64})", image)
    assert not image.endswith(":latest")


def test_base_leaves_the_image_to_the_overlay() -> None:
    assert {c["image"] for workload in workloads("base").values() for c in containers_of(workload)} == {"signalengine"}


def test_production_runs_the_version_of_this_checkout() -> None:
    declared = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert declared
    assert pod_of(workloads("overlays/prod")["api"])["containers"][0]["image"].endswith(f":{declared[1]}")


def test_labels_say_what_a_pod_is(layer: str) -> None:
    for name, workload in workloads(layer).items():
        assert labels_of(workload) == {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "signalengine"}
