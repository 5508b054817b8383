from datetime import timedelta

import msgspec

from store import trials
from store.trials import Trial
from tests.api.builders import BEGIN
from tests.api.conftest import Api

PATH = "/api/v1/analytics/trials"
FILES = ("ab" * 32, "cd" * 32)


def trial(number: int) -> Trial:
    return Trial(
        id=f"{number:064x}",
        previous=f"{number - 1:064x}" if number > 1 else "",
        number=number,
        at=BEGIN + timedelta(minutes=number),
        name=f"attempt {number}",
        files=FILES[: number % 2 + 1],
        config="ef" * 32,
        first_day=19_000,
        returns=(0.25, -0.125),
        sharpe=None if number % 3 else 0.5,
    )


def as_json(number: int) -> dict[str, object]:
    row = msgspec.json.decode(msgspec.json.encode(trial(number)))
    del row["first_day"]
    return row | {"days": len(row.pop("returns"))}


def test_trials_newest_first_with_their_number(api: Api) -> None:
    trials.write(api.connection, [trial(number) for number in range(1, 8)])
    assert api.get(PATH) == {
        "trials": [as_json(number) for number in range(7, 0, -1)],
        "total": 7,
        "page": 1,
        "per_page": 100,
        "next_cursor": None,
    }
    url = f"{PATH}?file={FILES[1]}&until={(BEGIN + timedelta(minutes=7)).isoformat().replace('+00:00', 'Z')}"
    first = api.get(f"{url}&per_page=2")
    assert (first["trials"], first["total"]) == ([as_json(5), as_json(3)], 3)
    assert api.get(f"{url}&cursor={first['next_cursor']}")["trials"] == [as_json(1)]


def test_no_trial_is_an_empty_list(api: Api) -> None:
    assert api.get(PATH) == {"trials": [], "total": 0, "page": 1, "per_page": 100, "next_cursor": None}
    assert api.get(f"{PATH}?file=x", 400)["errors"][0]["name"] == "file"
