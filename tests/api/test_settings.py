import pytest

from api.security.settings import SecuritySettings
from api.settings import ApiSettings, check, is_loopback
from domain.environ import read
from domain.errors import SettingError


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_loopback_addresses_need_no_authentication(host: str) -> None:
    assert check(ApiSettings(host=host), SecuritySettings()).host == host


OTHER_NOTATIONS = ("::ffff:0.0.0.0", "::ffff:10.1.2.3", "::ffff:0:0", "fe80::1%lo", "2130706433", "127.1", "LOCALHOST.")


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "", "10.1.2.3", "example.org", "127.0.0.1.example", "0", *OTHER_NOTATIONS]
)
def test_other_addresses_require_authentication(host: str) -> None:
    assert not is_loopback(host)
    with pytest.raises(SettingError, match=r"host=.* is not a loopback address, .*AUTHENTICATION=required"):
        check(ApiSettings(host=host), SecuritySettings())
    assert check(ApiSettings(host=host), SecuritySettings(authentication="required")).host == host


def test_every_type_of_setting_is_read_from_the_environment() -> None:
    environ = {
        "SIGNALENGINE_API_PORT": "0",
        "SIGNALENGINE_API_ALLOWED_ORIGINS": "https://a.example, https://b.example",
        "SIGNALENGINE_API_KEEPALIVE_S": "2.5",
        "SIGNALENGINE_API_RING_MESSAGES": "5",
    }
    assert read(ApiSettings, "api", environ) == ApiSettings(
        port=0, allowed_origins=("https://a.example", "https://b.example"), keepalive_s=2.5, ring_messages=5
    )


@pytest.mark.parametrize("name", ["PORT", "RING_MESSAGES", "STUCK_S", "MESSAGES_PER_S", "CLIENTS_MAX"])
def test_negative_limits_are_refused(name: str) -> None:
    with pytest.raises(SettingError, match=name):
        read(ApiSettings, "api", {f"SIGNALENGINE_API_{name}": "-1"})
