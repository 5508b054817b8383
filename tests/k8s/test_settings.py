"""The pods are configured with existing settings and valid values."""

from pathlib import PurePosixPath
from pkgutil import resolve_name
from typing import Any

import pytest

from api.security.settings import SecuritySettings
from api.settings import check
from domain.environ import PREFIX, SECTIONS, read
from domain.errors import SettingError
from flows.services.sections import RECORDS
from tests.k8s.rendered import LAYERS, environment_of, name_of, of_kind, pod_of, ports_of, workloads


@pytest.fixture(params=LAYERS)
def layer(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def settings(layer: str, name: str, section: str) -> Any:
    """One section of the settings, as the process in that workload reads it."""
    return read(resolve_name(RECORDS[section]), section, environment_of(layer, workloads(layer)[name]))


def test_config_map_contains_only_settings(layer: str) -> None:
    (config,) = of_kind(layer, "ConfigMap")
    prefixes = tuple(f"{PREFIX}{section.upper()}_" for section in SECTIONS)
    assert [name for name in config["data"] if not name.startswith(prefixes)] == []


@pytest.mark.parametrize("section", SECTIONS)
def test_every_setting_exists_and_is_valid(layer: str, section: str) -> None:
    assert all(settings(layer, name, section) for name in workloads(layer))


def test_servers_listen_on_the_container_ports(layer: str) -> None:
    engine, api = settings(layer, "engine", "engine"), settings(layer, "api", "api")
    assert (engine.host, engine.port) == ("0.0.0.0", ports_of(workloads(layer)["engine"])["metrics"])
    assert (api.host, api.port) == ("0.0.0.0", ports_of(workloads(layer)["api"])["http"])


def test_engine_settings_are_consistent(layer: str) -> None:
    engine = settings(layer, "engine", "engine")
    assert engine.checked() == engine


def test_engine_stores_its_recovery_data_on_the_volume(layer: str) -> None:
    (container,) = pod_of(workloads(layer)["engine"])["containers"]
    (volume,) = [mount["mountPath"] for mount in container["volumeMounts"] if mount["name"] == "recovery"]
    assert PurePosixPath(volume) in PurePosixPath(settings(layer, "engine", "engine").recovery_directory).parents


def test_engine_watchdog_exits_before_the_liveness_probe_fails(layer: str) -> None:
    """The watchdog of the engine exits with a message; the probe is for a process whose watchdog is blocked too."""
    probe = pod_of(workloads(layer)["engine"])["containers"][0]["livenessProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] >= settings(layer, "engine", "engine").stalled_s


def test_api_accepts_the_pod_address_and_the_service_names_as_host(layer: str) -> None:
    (service,) = [name_of(service) for service in of_kind(layer, "Service") if name_of(service) == "api"]
    names = [service, f"{service}.signalengine", f"{service}.signalengine.svc"]
    assert {"status.podip", *names} <= set(settings(layer, "api", "api").allowed_hosts)


def test_api_pod_requires_authentication_and_starts(layer: str) -> None:
    security = settings(layer, "api", "security").checked()
    assert security.required
    assert check(settings(layer, "api", "api"), security).host == "0.0.0.0"
    with pytest.raises(SettingError, match="not a loopback address"):
        check(settings(layer, "api", "api"), SecuritySettings())
