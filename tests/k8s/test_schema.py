"""Every object of every layer is valid under the strict Kubernetes schemas."""

import kubernetes_validate  # type: ignore[import-untyped]  # ships no types
import pytest

from tests.k8s.rendered import LAYERS, objects, of_kind

KUBERNETES = ("1.32", "1.37")
"""The oldest supported version, and the newest among the installed schemas."""


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("layer", LAYERS)
def test_every_object_is_valid(layer: str, version: str) -> None:
    assert [kubernetes_validate.validate(each, version, strict=True) for each in objects(layer)]


def test_misspelt_field_is_rejected() -> None:
    (engine,) = of_kind("base", "StatefulSet")
    engine["spec"]["podManagementPolice"] = "Parallel"
    with pytest.raises(kubernetes_validate.ValidationError, match="podManagementPolice"):
        kubernetes_validate.validate(engine, KUBERNETES[-1], strict=True)


@pytest.mark.parametrize("layer", LAYERS)
def test_every_object_is_in_the_namespace(layer: str) -> None:
    names = {each["metadata"].get("namespace") for each in objects(layer) if each["kind"] != "Namespace"}
    assert names == {"signalengine"}
