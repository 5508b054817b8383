"""What the pods are configured with are settings that exist, with values that fit."""

from pathlib import PurePosixPath
from typing import Any

import pytest

from api.settings import check
from domain.environ import PREFIX, SECTIONS, read
from domain.errors import SettingError
from tests.house.settings import records
from tests.k8s.rendered import LAYERS, of_kind, pod_of, ports_of, workloads


def config(layer: str) -> dict[str, str]:
    (config_map,) = of_kind(layer, "ConfigMap")
    data: dict[str, str] = config_map.get("data", {})
    return data


@pytest.mark.parametrize("layer", LAYERS)
def test_every_setting_belongs_to_a_section(layer: str) -> None:
    prefixes = tuple(f"{PREFIX}{section.upper()}_" for section in SECTIONS)
    assert [name for name in config(layer) if not name.startswith(prefixes)] == []


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("layer", LAYERS)
def test_every_setting_is_known_and_fits(layer: str, section: str) -> None:
    assert read(records()[section], section, config(layer))


def setting(layer: str, section: str) -> Any:
    return read(records()[section], section, config(layer))


@pytest.mark.parametrize("layer", LAYERS)
def test_servers_listen_where_the_pods_say(layer: str) -> None:
    engine, api = setting(layer, "engine"), setting(layer, "api")
    assert (engine.host, engine.port) == ("0.0.0.0", ports_of(workloads(layer)["engine"])["metrics"])
    assert (api.host, api.port) == ("0.0.0.0", ports_of(workloads(layer)["api"])["http"])


@pytest.mark.parametrize("layer", LAYERS)
def test_engine_keeps_its_place_on_the_volume(layer: str) -> None:
    (container,) = pod_of(workloads(layer)["engine"])["containers"]
    (volume,) = [mount["mountPath"] for mount in container["volumeMounts"] if mount["name"] == "recovery"]
    assert PurePosixPath(volume) in PurePosixPath(setting(layer, "engine").recovery_directory).parents


def test_engine_may_end_itself_before_it_is_ended() -> None:
    """The engine knows best that it is stuck; the probe is for an engine that does not even know that."""
    engine = pod_of(workloads("base")["engine"])["containers"][0]
    patience_s = engine["livenessProbe"]["periodSeconds"] * engine["livenessProbe"]["failureThreshold"]
    assert patience_s >= setting("base", "engine").stalled_s


def test_api_pod_waits_for_authentication() -> None:
    """config.env says so. When this fails the API has authentication: mend the words there and in network.yaml."""
    with pytest.raises(SettingError, match="not a loopback address"):
        check(setting("base", "api"))
