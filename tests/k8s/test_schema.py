"""Every object of every layer is what the schemas of Kubernetes ask for, to the letter."""

import kubernetes_validate  # type: ignore[import-untyped]  # ships no types
import pytest

from tests.k8s.rendered import LAYERS, objects, of_kind

KUBERNETES = ("1.32", "1.37")
"""The oldest version whose fields we use freely, and the newest the installed schemas know."""


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("layer", LAYERS)
def test_every_object_is_accepted(layer: str, version: str) -> None:
    assert [kubernetes_validate.validate(thing, version, strict=True) for thing in objects(layer)]


def test_misspelt_field_is_refused() -> None:
    (engine,) = of_kind("base", "StatefulSet")
    engine["spec"]["podManagementPolice"] = "Parallel"
    with pytest.raises(kubernetes_validate.ValidationError, match="podManagementPolice"):
        kubernetes_validate.validate(engine, KUBERNETES[-1], strict=True)


@pytest.mark.parametrize("layer", LAYERS)
def test_everything_lives_in_the_namespace(layer: str) -> None:
    names = {thing["metadata"].get("namespace") for thing in objects(layer) if thing["kind"] != "Namespace"}
    assert names == {"signalengine"}
