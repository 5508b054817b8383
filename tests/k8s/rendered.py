"""The manifests rendered by `kubectl kustomize`, which needs neither a cluster nor a network."""

import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
OVERLAYS = ("overlays/dev", "overlays/prod")
LAYERS = ("base", *OVERLAYS)

Manifest = dict[str, Any]


@cache
def _render(layer: str) -> str:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl, which renders the manifests, is not installed")
    command = [kubectl, "kustomize", str(ROOT / "k8s" / layer)]
    completed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stderr
    return completed.stdout


def objects(layer: str) -> list[Manifest]:
    """Every object of one layer, freshly parsed."""
    return list(yaml.load_all(_render(layer), Loader=yaml.CSafeLoader))


def of_kind(layer: str, kind: str) -> list[Manifest]:
    """The objects of one kind."""
    return [each for each in objects(layer) if each["kind"] == kind]


def name_of(manifest: Manifest) -> str:
    return str(manifest["metadata"]["name"])


def workloads(layer: str) -> dict[str, Manifest]:
    """Workload name to its Deployment, StatefulSet or Job."""
    kinds = ("Deployment", "StatefulSet", "Job")
    return {name_of(each): each for each in objects(layer) if each["kind"] in kinds}


def pod_of(workload: Manifest) -> Manifest:
    """The pod template's spec."""
    pod: Manifest = workload["spec"]["template"]["spec"]
    return pod


def labels_of(workload: Manifest) -> dict[str, str]:
    """The labels of its pods."""
    labels: dict[str, str] = workload["spec"]["template"]["metadata"]["labels"]
    return labels


def containers_of(workload: Manifest) -> list[Manifest]:
    """The init containers and the containers of its pods."""
    pod = pod_of(workload)
    return [*pod.get("initContainers", []), *pod["containers"]]


def ports_of(workload: Manifest) -> dict[str, int]:
    """Port name to number, of all containers."""
    return {port["name"]: port["containerPort"] for c in containers_of(workload) for port in c.get("ports", [])}


def environment_of(layer: str, workload: Manifest) -> dict[str, str]:
    """Environment variables of its first container, without secrets; the value of a field is its lower-case path."""
    container = pod_of(workload)["containers"][0]
    config_maps = {
        source["configMapRef"]["name"] for source in container.get("envFrom", []) if "configMapRef" in source
    }
    environment: dict[str, str] = {}
    for config in of_kind(layer, "ConfigMap"):
        environment |= config["data"] if name_of(config) in config_maps else {}
    for variable in container.get("env", []):
        if field := variable.get("valueFrom", {}).get("fieldRef"):
            environment[variable["name"]] = field["fieldPath"].lower()
        elif "value" in variable:
            text: str = variable["value"]
            for name, value in environment.items():
                text = text.replace(f"$({name})", value)
            environment[variable["name"]] = text
    return environment
