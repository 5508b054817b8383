"""The manifests as a cluster would get them: `kubectl kustomize`, without a cluster and without a network."""

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
        pytest.skip("kubectl is not installed; it renders the manifests")
    command = [kubectl, "kustomize", str(ROOT / "k8s" / layer)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def objects(layer: str) -> list[Manifest]:
    """Every object of one layer, freshly parsed."""
    return list(yaml.load_all(_render(layer), Loader=yaml.CSafeLoader))


def of_kind(layer: str, kind: str) -> list[Manifest]:
    """The objects of one kind."""
    return [thing for thing in objects(layer) if thing["kind"] == kind]


def name_of(thing: Manifest) -> str:
    return str(thing["metadata"]["name"])


def workloads(layer: str) -> dict[str, Manifest]:
    """Everything that runs pods, by name."""
    kinds = ("Deployment", "StatefulSet", "Job")
    return {name_of(thing): thing for thing in objects(layer) if thing["kind"] in kinds}


def pod_of(workload: Manifest) -> Manifest:
    """The pod template's spec."""
    pod: Manifest = workload["spec"]["template"]["spec"]
    return pod


def labels_of(workload: Manifest) -> dict[str, str]:
    """The labels that its pods will bear."""
    labels: dict[str, str] = workload["spec"]["template"]["metadata"]["labels"]
    return labels


def containers_of(workload: Manifest) -> list[Manifest]:
    """Containers, those of the start included."""
    pod = pod_of(workload)
    return [*pod.get("initContainers", []), *pod["containers"]]


def ports_of(workload: Manifest) -> dict[str, int]:
    """Container ports by name."""
    return {port["name"]: port["containerPort"] for c in containers_of(workload) for port in c.get("ports", [])}


def environment_of(layer: str, workload: Manifest) -> dict[str, str]:
    """The variables its first container sees, but for secrets; a field of the pod is its path in small letters."""
    container = pod_of(workload)["containers"][0]
    named = {source["configMapRef"]["name"] for source in container.get("envFrom", []) if "configMapRef" in source}
    found: dict[str, str] = {}
    for config in of_kind(layer, "ConfigMap"):
        found |= config["data"] if name_of(config) in named else {}
    for variable in container.get("env", []):
        if field := variable.get("valueFrom", {}).get("fieldRef"):
            found[variable["name"]] = field["fieldPath"].lower()
        elif "value" in variable:
            text: str = variable["value"]
            for name, value in found.items():
                text = text.replace(f"$({name})", value)
            found[variable["name"]] = text
    return found
