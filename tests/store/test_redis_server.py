from typing import Any

import pytest

from domain.errors import SettingError
from store.redis_server import connect, connect_async


@pytest.mark.parametrize("address", ["redis://joe:sec/ret@127.0.0.1:6379/0", "rdis://joe:secret@127.0.0.1"])
@pytest.mark.parametrize("make", [connect, connect_async])
def test_invalid_address_is_refused_without_quoting_a_password(address: str, make: Any) -> None:
    with pytest.raises(SettingError, match="%2F") as refused:
        make(address)
    assert "sec" not in str(refused.value)
