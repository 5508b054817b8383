from typing import Any

import pytest

from api.security.settings import SecuritySettings
from domain.environ import read
from domain.errors import SettingError

ISSUED: dict[str, Any] = {"jwt_issuer": "https://issuer.example", "jwt_audience": "signalengine"}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({**ISSUED, "jwt_secret": "short"}, "jwt_secret of .* has 5 bytes"),
        ({**ISSUED, "jwt_public_key_file": "a", "jwt_jwks": "b"}, "unset one"),
        ({"jwt_jwks": "a"}, "need jwt_issuer and jwt_audience"),
        ({"jwt_jwks": "a", "jwt_issuer": "x"}, "need jwt_issuer and jwt_audience"),
    ],
)
def test_inconsistent_settings_are_rejected(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message) as raised:
        SecuritySettings(**fields).checked()
    assert "short" not in str(raised.value)


def test_authentication_is_off_by_default_and_set_by_the_environment() -> None:
    assert not SecuritySettings().required
    environ = {"SIGNALENGINE_SECURITY_AUTHENTICATION": "required", "SIGNALENGINE_SECURITY_PROXIES": "1"}
    settings = read(SecuritySettings, "security", environ)
    assert settings == SecuritySettings(authentication="required", proxies=1)
    assert settings.required


@pytest.mark.parametrize("value", ["on", "REQUIRED", "false", ""])
def test_misspelled_authentication_is_an_error(value: str) -> None:
    with pytest.raises(SettingError, match="AUTHENTICATION"):
        read(SecuritySettings, "security", {"SIGNALENGINE_SECURITY_AUTHENTICATION": value})
