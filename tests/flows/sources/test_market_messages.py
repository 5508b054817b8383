"""Messages of several files are merged in one order, without duplicates."""

import json
from pathlib import Path
from typing import Any

from flows.sources.market_messages import decoded_messages, merged_messages
from tests.flows.venues.decoded import RECEIVED
from tests.flows.venues.test_polymarket_data import FIRST
from tests.flows.venues.test_polymarket_gamma import market


def recorded(path: Path, *received_ns: int) -> Path:
    path.write_text("".join(f'{RECEIVED + at} "number {number}"\n' for number, at in enumerate(received_ns)))
    return path


def document(path: Path, *messages: Any) -> Path:
    path.write_text(json.dumps(messages))
    return path


def test_key_is_the_newest_time_of_the_file_so_far(tmp_path: Path) -> None:
    path = recorded(tmp_path / "a", 10, 5, 12)
    assert [moment.key - RECEIVED for moment in decoded_messages(path)] == [10, 10, 12]
    once, twice = list(merged_messages([path])), list(merged_messages([path, path]))
    assert [each.rejects for each in once] == [each.rejects for each in twice if each.rejects]


def test_message_without_a_time_is_repeated_only_at_the_same_place_in_time(tmp_path: Path) -> None:
    earlier = document(tmp_path / "a", FIRST, market(1))
    later = document(tmp_path / "b", {**FIRST, "timestamp": FIRST["timestamp"] + 60, "size": 7.5}, market(1))
    kinds = [[kind for kind, _ in moment.runs] for moment in merged_messages([earlier, later])]
    assert kinds == [["trades"], ["group"], ["trades"], ["group"]]
    assert [bool(moment.runs) for moment in merged_messages([earlier, earlier])] == [True, True, False, False]
