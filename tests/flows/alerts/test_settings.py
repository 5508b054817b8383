from pathlib import Path
from typing import Any

import pytest

from domain.environ import read
from domain.errors import SettingError
from flows.alerts.settings import AlertSettings, Hook, Target, target_of
from flows.services.sections import section

FILE = """
[alerts]
give_up_s = 600
private_networks = ["10.1.0.0/16"]

[[alerts.hooks]]
name = "desk"
url = "https://desk.example/hook"
secret_variable = "DESK_SECRET"
channels = ["signals"]
directions = ["long"]
min_confidence = 0.6

[[alerts.hooks]]
name = "phone"
kind = "telegram"
url_variable = "PHONE_URL"
chat_id = "-100123"
channels = ["alerts"]
levels = ["warning"]
"""


def test_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "signalengine.toml"
    file.write_text(FILE)
    settings = section("alerts", {"SIGNALENGINE_CONFIG": str(file)})
    assert settings == AlertSettings(
        give_up_s=600,
        private_networks=("10.1.0.0/16",),
        hooks=(
            Hook(name="desk", url="https://desk.example/hook", secret_variable="DESK_SECRET", channels=("signals",),
                 directions=("long",), min_confidence=0.6),
            Hook(name="phone", kind="telegram", url_variable="PHONE_URL", chat_id="-100123", channels=("alerts",),
                 levels=("warning",)),
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("chanels = []", "unknown field `chanels`"),
        ("channels = []", "length >= 1"),
        ('channels = ["trades"]', "Invalid enum value 'trades'"),
        ("min_confidence = 2", "<= 1"),
        ('kind = "sms"', "Invalid enum value 'sms'"),
    ],
)
def test_invalid_hook_is_an_error(tmp_path: Path, line: str, message: str) -> None:
    file = tmp_path / "signalengine.toml"
    file.write_text(f'[[alerts.hooks]]\nname = "desk"\n{line}\n')
    with pytest.raises(SettingError, match=message):
        read(AlertSettings, "alerts", {"SIGNALENGINE_CONFIG": str(file)})


GOOD: dict[str, Any] = {"name": "desk", "url": "https://desk.example/", "secret_variable": "S"}


@pytest.mark.parametrize(
    ("hooks", "message"),
    [
        ([GOOD | {"name": "Desk"}], "a name has"),
        ([GOOD | {"name": ""}], "a name has"),
        ([GOOD, GOOD], "is defined twice"),
        ([GOOD | {"url": ""}], "either url or url_variable"),
        ([GOOD | {"url_variable": "U"}], "either url or url_variable"),
        ([GOOD | {"secret_variable": ""}], "needs secret_variable"),
        ([GOOD | {"kind": "telegram"}], "needs chat_id"),
        ([GOOD | {"name": f"desk{number}"} for number in range(33)], "the maximum is 32"),
    ],
)
def test_inconsistent_hooks_are_refused(hooks: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        AlertSettings(hooks=tuple(Hook(**hook) for hook in hooks)).checked()


def test_private_networks_must_be_networks() -> None:
    with pytest.raises(SettingError, match="private_networks"):
        AlertSettings(private_networks=("10.1.2.3/16",)).checked()


def test_secrets_are_read_from_the_environment() -> None:
    hook = Hook(name="desk", url_variable="DESK_URL", secret_variable="DESK_SECRET")
    environ = {"DESK_URL": "https://desk.example/", "DESK_SECRET": "x" * 24}
    assert target_of(hook, environ) == Target(url="https://desk.example/", keys=(b"x" * 24,))
    for name in environ:
        with pytest.raises(SettingError, match=f"environment variable {name} of hook 'desk' of .* is not set"):
            target_of(hook, environ | {name: ""})
    with pytest.raises(SettingError, match="DESK_SECRET of hook 'desk' has 5 bytes") as raised:
        target_of(hook, environ | {"DESK_SECRET": "short"})
    assert "short" not in str(raised.value)


@pytest.mark.parametrize("url", ["desk.example", "ftp://desk.example/", "https://", "https://desk.example:x/", "https://[::1",
                                 "https://desk.example/a b", "https://desk.example/ä", " https://desk.example/",
                                 "https://name:word@desk.example/"])  # fmt: skip
def test_invalid_url_is_refused_and_not_quoted(url: str) -> None:
    for hook, environ in (
        (Hook(name="desk", url=url), {}),
        (Hook(name="desk", url_variable="DESK_URL"), {"DESK_URL": url}),
    ):
        with pytest.raises(
            SettingError, match=f"{'url' if hook.url else 'DESK_URL'} of hook 'desk' is not a valid URL"
        ) as raised:
            target_of(hook, environ)
        assert url.strip() not in str(raised.value).replace("https://host/path", "")
