"""`check-config` prints every setting with its source, no secret, and all errors at once."""

from pathlib import Path

import pytest

from domain.environ import SECTIONS
from flows.__main__ import main
from flows.services.sections import CHECKS, RECORDS


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Removes all settings except those of the test."""
    import os

    for name in os.environ:
        if name.startswith("SIGNALENGINE_") or name in ("DATABASE_URL", "REDIS_URL"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_every_section_has_a_record() -> None:
    assert sorted(RECORDS) == sorted(SECTIONS)
    assert CHECKS.keys() <= RECORDS.keys()


def test_values_are_printed_with_their_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "signalengine.toml").write_text('[services]\nlog_mb = 10\nredis = "embedded"\n[api]\nport = 9000\n')
    monkeypatch.setenv("SIGNALENGINE_API_PORT", "9001")
    monkeypatch.setenv("DATABASE_URL", "postgresql://ada:correct-horse@db.example/ledger")
    assert main(["check-config"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert {
        "DATABASE_URL = postgresql://ada:***@db.example/ledger",
        "REDIS_URL = (not set: embedded)",
        "[services]",
        'postgres = "auto"  # default',
        'redis = "embedded"  # signalengine.toml',
        "log_mb = 10  # signalengine.toml",
        "port = 9001  # SIGNALENGINE_API_PORT",
    } <= set(shown)
    assert [line for line in shown if line.startswith("[")] == [f"[{name}]" for name in RECORDS]


def test_all_errors_are_printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("SIGNALENGINE_SERVICES_LOG_MB", "many")
    monkeypatch.setenv("SIGNALENGINE_API_PROT", "9001")
    assert main(["check-config"]) == 2
    assert capsys.readouterr() == (
        "",
        (
            "signalengine: setting SIGNALENGINE_API_PROT is unknown; did you mean SIGNALENGINE_API_PORT?\n"
            "signalengine: setting SIGNALENGINE_SERVICES_LOG_MB='many': Expected `int`, got `str`\n"
        ),
    )


def test_error_in_the_file_is_printed_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "signalengine.toml").write_text("[servces]\n")
    assert main(["check-config"]) == 2
    assert capsys.readouterr().err == (
        "signalengine: section [servces] of 'signalengine.toml' is unknown; did you mean services?\n"
    )
