from datetime import timedelta
from urllib.parse import urlencode

import msgspec
import pytest

from domain.signals import Event
from store import events
from tests.api.builders import BEGIN
from tests.api.conftest import Api


def event(number: int) -> Event:
    return Event(
        id=f"{number * 7919 % 1000:032x}",
        venue="sim",
        symbol=("BTCUSDT", "ETHUSDT")[number % 2],
        timeframe=("5m", "1h")[number // 2 % 2],
        detector=("breakout", "stretch")[number // 4 % 2],
        direction=number % 3 - 1,
        strength=0.5,
        detected_at=BEGIN + timedelta(minutes=number // 3),
        simulated=True,
    )


ROWS = [event(number) for number in range(50)]


@pytest.mark.parametrize("limit", [1, 7, 1000])
@pytest.mark.parametrize(
    "query",
    [
        {},
        {"symbol": "BTCUSDT"},
        {"timeframe": "60m", "detector": "stretch"},
        {"since": (BEGIN + timedelta(minutes=9)).isoformat()},
        {"symbol": "NONE"},
    ],
)
def test_pages_contain_every_matching_event_once(api: Api, query: dict[str, str], limit: int) -> None:
    events.write(api.connection, ROWS)
    filters = {**query, **({"timeframe": "1h"} if "timeframe" in query else {})}
    expected = [
        row
        for row in sorted(ROWS, key=lambda row: (row.detected_at, row.id), reverse=True)
        if all(getattr(row, name) == value for name, value in filters.items() if name != "since")
        and row.detected_at.isoformat() >= filters.get("since", "")
    ]
    pages = api.pages(f"/api/v1/events?{urlencode(query | {'limit': limit})}")
    listed = [row for response in pages for row in response.json()["events"]]
    assert listed == msgspec.json.decode(msgspec.json.encode(expected))
