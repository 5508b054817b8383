"""The state of whale detection does not grow with the number of resolved markets."""

from collections.abc import Iterator

import msgspec
import pytest

from domain.clock import SECOND
from domain.markets import Market
from domain.whale_settings import WhaleSettings
from domain.whales import WhaleFindings
from operators.align_whales import AlignWhales
from operators.grade_wallets import GradeWallets
from operators.spot_whales import VERSION, SpotWhales
from operators.state import freeze, thaw
from tests.whales import EAGER, START, beat, market, market_block, trades

FEW, MANY = 150, 600
SETTINGS = WhaleSettings(floor=100.0, headline=400.0, quiet_d=1.0, record_floor=50.0, positions_max=40, wallets_max=7)


def due(name: str, at_s: float) -> Market:
    """A market that is due at so many seconds."""
    return msgspec.structs.replace(market(name), closes_at_ns=START + int(at_s * SECOND))


def played(count: int, *, resolved: bool = True) -> Iterator[bytes]:
    """So many markets, one after the other, each with four whales that agree and, perhaps, a resolution."""
    for at in range(count):
        name, start = f"m{at}", at * 3_600.0
        yield market_block(due(name, start + 3_600))
        yield trades(*((start + 60 * each, (at + each) % 9, f"{name}-yes", 1, 0.5, 5_000.0) for each in range(4)))
        yield beat(start + 3_000)
        if resolved:
            yield market_block(market(name, "resolved", "yes" if at % 2 else "no"))


def found(blocks: Iterator[bytes], settings: WhaleSettings) -> tuple[SpotWhales, list[WhaleFindings]]:
    machine = SpotWhales(settings)
    return machine, [each for block in blocks for each in machine.on_batch([block])[0]]


@pytest.mark.parametrize("resolved", [True, False])
def test_markets_that_have_ended_leave_the_search(resolved: bool) -> None:
    sizes = []
    for count in (FEW, MANY):
        state = thaw(VERSION, found(played(count, resolved=resolved), SETTINGS)[0].snapshot())
        del state["names"]  # so many are kept, and no more (operators/names.py)
        sizes.append(len(freeze(VERSION, state)))
    assert sizes[1] < 1.3 * sizes[0]


def test_a_market_that_is_due_is_known_while_it_is_traded_and_for_the_quiet_time_after() -> None:
    day, unknown = 86_400.0, []
    for silence in (0.9, 1.1):
        log = [
            market_block(due("a", 60)),
            trades((1, 0, "a-yes", 1, 0.5, 9.0)),
            trades((0.9 * day, 0, "a-yes", 1, 0.5, 9.0)),
        ]
        then = (0.9 + silence) * day
        log += [beat(then), market_block(market("b")), trades((then + 1, 0, "a-no", 1, 0.5, 9.0))]
        unknown.append(sum(each.counts.unknown for each in found(iter(log), SETTINGS)[1]))
    assert unknown == [0, 1]


def test_wallets_and_their_positions_are_limited_even_if_nothing_is_ever_resolved() -> None:
    sizes = []
    for count in (FEW, MANY):
        machine = GradeWallets(SETTINGS)
        machine.on_batch(found(played(count, resolved=False), SETTINGS)[1])
        sizes.append(len(machine.snapshot()))
    assert sizes[1] < 1.3 * sizes[0]


@pytest.mark.parametrize("settings", [EAGER, SETTINGS])
def test_nothing_is_held_when_all_shards_advance(settings: WhaleSettings) -> None:
    machine, sizes = AlignWhales(shards=1), []
    for each in found(played(FEW), settings)[1]:
        machine.on_batch([("000", each)])
        sizes.append(len(machine.snapshot()))
    assert max(sizes[len(sizes) // 2 :]) <= max(sizes[: len(sizes) // 2])
