from typing import Any

import msgspec
import pytest

from domain.wallets import wallet_id
from store import wallets, whales
from tests.api.conftest import Api
from tests.whale_trades import ADDRESSES, wallet, whale

PATH = "/api/v1/whales"


def as_json(record: msgspec.Struct) -> Any:
    return msgspec.json.decode(msgspec.json.encode(record))


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [9, 7, 6, 5, 3, 2, 1]),
        ("status=all&limit=3", [9, 8, 7]),
        ("status=suppressed", [8, 4, 0]),
        ("kind=consensus&status=all", [9, 4]),
        ("market=polymarket:1&slug=will-it-1", [7, 1]),
        ("direction=-1&min_notional=50000", [9, 6]),
        ("direction=0&slug=will-it-0", []),
        (f"wallet={ADDRESSES[0].lower()}", [6, 3]),
        (f"wallet={ADDRESSES[2]}", [5, 2]),
        ("since=2026-11-20T12:02:00Z&until=2026-11-20T12:05:00Z", [3, 2]),
    ],
)
def test_whales_by_filter_newest_first(api: Api, query: str, numbers: list[int]) -> None:
    whales.write(api.connection, [whale(number) for number in range(10)])
    assert api.get(f"{PATH}?{query}")["whales"] == [as_json(whale(number)) for number in numbers]


@pytest.mark.parametrize("number", range(3))
def test_a_wallet_includes_its_large_trades(api: Api, number: int) -> None:
    wallets.write(api.connection, [wallet(at) for at in range(3)])
    whales.write(api.connection, [whale(at) for at in range(8)])
    traded = [at for at in range(7, -1, -1) if at % 3 == number and whale(at).wallet]
    expected = as_json(wallet(number)) | {"whales": [as_json(whale(at)) for at in traded]}
    for name in (ADDRESSES[number], ADDRESSES[number].lower()):
        assert api.get(f"/api/v1/wallets/{name}") == expected


def test_a_wallet_includes_its_trades_from_before_its_address_was_known(api: Api) -> None:
    number = str(wallet_id(ADDRESSES[0]))
    wallets.write(api.connection, [wallet(0)])
    whales.write(api.connection, [whale(0), whale(3, wallet=number)])
    for name in (ADDRESSES[0], number):
        response = api.get(f"/api/v1/wallets/{name}")
        assert (response["id"], [each["wallet"] for each in response["whales"]]) == (
            ADDRESSES[0],
            [number, ADDRESSES[0]],
        )
    assert len(api.get(f"{PATH}?wallet={ADDRESSES[0]}&status=all")["whales"]) == 2


def test_unknown_and_malformed_wallets(api: Api) -> None:
    assert api.get("/api/v1/wallets/7", 404)["code"] == "not_found"
    for path in ("/api/v1/wallets/me", "/api/v1/wallets/0x", f"{PATH}?wallet=me", f"{PATH}?direction=2"):
        assert api.get(path, 400)["code"] == "invalid_parameter"
