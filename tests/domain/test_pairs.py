"""Pairs across venues: reviewed as long as both markets match the reviewed terms."""

from datetime import UTC, datetime
from decimal import Decimal as D
from pathlib import Path

import msgspec
import pytest

from domain.clock import DAY, HOUR, from_datetime
from domain.errors import InputError
from domain.markets import FeeSchedule, Market, Token
from domain.pairs import Pair, faults, fingerprint, pair_group, read_pairs
from tests.reviewed import mapping

DECIDED = datetime(2026, 3, 18, 18, tzinfo=UTC)
WORDS = ("Resolves to Yes if the rate is cut.", "If the upper bound falls, the market resolves to Yes.")
FILE = mapping("cut-in-march", "polymarket:0xabc", "kalshi:CUT-26MAR", decided_at="2026-03-18T18:00:00Z", rules=WORDS)


def market(name: str, rules: str, closes_ns: int) -> Market:
    return Market(
        name=name,
        slug="",
        question="A cut in March?",
        group=name,
        yes=Token(name=f"{name}:yes", outcome="Yes"),
        no=Token(name=f"{name}:no", outcome="No"),
        fees=FeeSchedule(kind="none"),
        tick=D("0.01"),
        minimum_size=D(1),
        mirrored=True,
        closes_at_ns=closes_ns,
        rules=fingerprint(rules),
    )


FIRST = market("polymarket:0xabc", WORDS[0], from_datetime(DECIDED))
SECOND = market("kalshi:CUT-26MAR", WORDS[1], from_datetime(DECIDED) - HOUR)


def read(tmp_path: Path, text: str) -> list[Pair]:
    path = tmp_path / "pairs.toml"
    path.write_text(text)
    return read_pairs(path)


def test_markets_matching_the_review_form_a_reviewed_group(tmp_path: Path) -> None:
    (pair,) = read(tmp_path, FILE)
    group = pair_group(pair, FIRST, SECOND)
    assert (group.name, group.kind, group.reviewed) == ("pair:cut-in-march", "pair", True)
    assert {each.closes_at_ns for each in group.markets} == {from_datetime(DECIDED)}


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        (
            {"rules": fingerprint("Other words.")},
            f"its rules differ from the reviewed ones; now {fingerprint('Other words.')}",
        ),
        ({"rules": ""}, "its rules differ from the reviewed ones; now unknown"),
        ({"closes_at_ns": from_datetime(DECIDED) + DAY + HOUR}, "its date differs; now 2026-03-19T19:00:00+00:00"),
        ({"closes_at_ns": 0}, "its date differs; now unknown"),
        ({"strike": D("4.25")}, "its strike differs; now above 4.25"),
        ({"strict": False}, "its strike differs; now none"),
    ],
)
def test_a_market_that_changed_must_be_reviewed_again(tmp_path: Path, changed: dict[str, object], fault: str) -> None:
    (pair,) = read(tmp_path, FILE)
    other = msgspec.structs.replace(SECOND, **changed)
    assert faults(pair, FIRST, other) == [f"kalshi:CUT-26MAR: {fault}"]
    refused = pair_group(pair, FIRST, other)
    assert (refused.reviewed, refused.faults) == (False, (f"kalshi:CUT-26MAR: {fault}",))


def test_pair_without_a_reviewer_is_not_reviewed(tmp_path: Path) -> None:
    (pair,) = read(tmp_path, FILE.replace("R. Viewer", ""))
    assert faults(pair, FIRST, SECOND) == ["it is not reviewed"]


def test_rules_without_a_fingerprint_are_not_reviewed(tmp_path: Path) -> None:
    (pair,) = read(tmp_path, FILE)
    unknown = msgspec.structs.replace(pair, rules=("", ""))
    bare = (msgspec.structs.replace(each, rules="") for each in (FIRST, SECOND))
    assert len(faults(unknown, *bare)) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[pair]]\nname = 'x'\n", "missing required field"),
        (FILE.replace("reviewed_by", "reviewer"), "unknown field"),
        (FILE.replace("18:00:00Z", "18:00:00"), "no time zone"),
        (FILE + FILE, "is duplicated"),
        ("not toml", "cannot be used"),
    ],
)
def test_invalid_mapping_file_names_the_problem(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read(tmp_path, text)


def test_missing_mapping_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="none"):
        read_pairs(tmp_path / "none.toml")
