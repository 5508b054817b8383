from datetime import timedelta
from typing import Any

import httpx2
import msgspec
import pytest

from domain.instruments import instrument_id
from store import bars, instruments, latest
from store.bars import Bar
from store.instruments import Instrument
from store.latest import FeatureRow
from tests.api.builders import BEGIN
from tests.api.conftest import Api
from tests.store.records import bar_columns

INSTRUMENTS = [
    Instrument(
        name=f"{venue}:{symbol}",
        id=instrument_id(f"{venue}:{symbol}"),
        venue=venue,
        symbol=symbol,
        market_slug=symbol.lower(),
        simulated=venue == "sim",
    )
    for venue, symbol in [("binance", "BTCUSDT"), ("sim", "BTCUSDT"), ("sim", "ETH/USDT:USDT")]
]


def bar(number: int, name: str = "sim:ETH/USDT:USDT") -> Bar:
    return Bar(
        instrument=name,
        timeframe="5m",
        open_time=BEGIN + timedelta(minutes=5 * number),
        close_time=BEGIN + timedelta(minutes=5 * number + 5),
        open=100.0,
        high=101.0 + number,
        low=99.0,
        close=100.5,
        volume=12.5,
        quote_volume=None,
        buy_volume=6.25,
        trades=number,
        synthetic=False,
        incomplete=number == 0,
    )


def as_json(rows: list[Any]) -> list[Any]:
    return list(msgspec.json.decode(msgspec.json.encode(rows)))


INSTRUMENTS_JSON = [msgspec.structs.asdict(row) | {"id": str(row.id)} for row in INSTRUMENTS]


@pytest.fixture
def market(api: Api) -> Api:
    """An API with three instruments, and twelve bars of one of them."""
    instruments.write(api.connection, INSTRUMENTS)
    bars.write(api.connection, bar_columns([bar(number) for number in range(12)]))
    return api


@pytest.mark.parametrize("limit", [1, 5, 12, 100])
def test_bars_are_paged_newest_first(market: Api, limit: int) -> None:
    listed: list[Any] = []
    url = f"/api/v1/bars/ETH/USDT:USDT?timeframe=5m&limit={limit}"
    while url:
        response = market.http.get(url)
        body = response.json()
        assert (body["instrument"], body["timeframe"]) == ("sim:ETH/USDT:USDT", "5m")
        listed += body["bars"]
        url = response.links.get("next", {}).get("url", "")
        assert httpx2.URL(url).params.get("before") == body["next_before"]
    assert listed == as_json([bar(number) for number in reversed(range(12))])


def test_a_symbol_traded_at_several_venues_needs_a_venue(market: Api) -> None:
    problem = market.get("/api/v1/bars/BTCUSDT?timeframe=1h", 400)
    assert [fault["name"] for fault in problem["errors"]] == ["venue"]
    assert market.get("/api/v1/bars/BTCUSDT?timeframe=60m&venue=sim") == {
        "instrument": "sim:BTCUSDT",
        "timeframe": "1h",
        "bars": [],
        "next_before": None,
    }
    assert market.get("/api/v1/bars/BTCUSDT?timeframe=1h&venue=kraken", 404)["code"] == "not_found"
    assert market.get("/api/v1/bars/NONE?timeframe=1h", 404)["code"] == "not_found"
    assert market.get("/api/v1/bars/BTCUSDT", 400)["errors"][0]["name"] == "timeframe"


def test_features_of_the_latest_bar(api: Api) -> None:
    row = FeatureRow("sim:BTCUSDT", "1h", "2026-11-20T12:00:00Z", {"rsi": 61.25, "cold": float("nan")})
    latest.write(api.redis, [row], ttl_s=60)
    assert api.get("/api/v1/features/BTCUSDT?timeframe=60m") == {
        "instrument": "sim:BTCUSDT",
        "timeframe": "1h",
        "close_time": "2026-11-20T12:00:00Z",
        "features": {"rsi": 61.25},
    }
    assert api.get("/api/v1/features/BTCUSDT?timeframe=5m", 404)["code"] == "not_found"


def test_instruments_are_paged_by_name(market: Api) -> None:
    assert market.get("/api/v1/instruments") == {"instruments": INSTRUMENTS_JSON, "next_after": None}
    first = market.get("/api/v1/instruments?limit=2")
    assert first == {"instruments": INSTRUMENTS_JSON[:2], "next_after": "sim:BTCUSDT"}
    last = market.http.get(market.http.get("/api/v1/instruments?limit=2").links["next"]["url"])
    assert last.json() == {"instruments": INSTRUMENTS_JSON[2:], "next_after": None}
    assert "link" not in last.headers
    assert market.get("/api/v1/instruments?symbol=BTCUSDT")["instruments"] == INSTRUMENTS_JSON[:2]


def test_an_instrument_id_is_a_decimal_string(market: Api) -> None:
    ids = [row["id"] for row in market.get("/api/v1/instruments")["instruments"]]
    assert ids == ["2031280039854288808", *(str(instrument_id(row.name)) for row in INSTRUMENTS[1:])]
    assert int(ids[0]) > 2**53, "a JSON number would be rounded by JavaScript"
