"""Names of tokens and wallets, and how long they are stored."""

import numpy as np
import pytest

from domain.blocks import names_block, wallets_block
from domain.wallets import wallet_id
from domain.whales import Called
from operators import names
from operators.names import Names
from operators.spot_whales import SpotWhales
from tests.whales import EAGER, WALLETS, market, market_block, token, trades

ADDRESSES = [f"0x{number:02d}" + "11" * 3 for number in range(9)]


def row(name, wallet=0):
    return {"instrument": token(name), "wallet": wallet}


def test_finding_has_the_names_of_its_market_and_wallet():
    machine = SpotWhales(EAGER)
    machine.on_batch([market_block(market("a")), wallets_block(ADDRESSES)])
    machine = SpotWhales(EAGER, machine.snapshot())
    found = machine.on_batch([trades((0, 3, "a-no", 1, 0.5, 900.0), (600, 4, "b-yes", 1, 0.5, 900.0))])[0]
    assert [each.called for each in found] == [
        [
            Called("polymarket:a-no", "polymarket:a", "a", "No", ADDRESSES[3]),
            Called(wallet=ADDRESSES[4]),
        ]
    ]


def test_a_resolved_market_is_named_to_its_last_row_and_then_forgotten():
    machine = SpotWhales(EAGER)
    small = (0, 3, "a-no", 1, 0.5, 150.0)
    found = machine.on_batch([market_block(market("a")), trades(small), market_block(market("a", "resolved", "no"))])[0]
    assert [called.slug for each in found for called in each.called] == ["a"]
    kept = Names()
    kept.learn_group(EMPTY)
    kept.forget()
    assert machine._names.snapshot() == kept.snapshot()


EMPTY = names.Group(name="polymarket:e", slug="e", title="E", kind="event")


def test_a_name_alone_is_known_and_a_market_adds_to_it_in_either_order():
    one, other = Names(), Names()
    name = {token("a-yes"): "polymarket:a-yes"}
    group = names.Group(name="polymarket:e", slug="e", title="E", kind="event", markets=(market("a"),))
    one.learn_tokens(name)
    assert one.called(row("a-yes")) == Called("polymarket:a-yes")
    one.learn_group(group)
    other.learn_group(group)
    other.learn_tokens(name)
    assert one.called(row("a-yes")) == other.called(row("a-yes"))
    assert one.called(row("a-yes")) == Called("polymarket:a-yes", "polymarket:a", "a", "Yes")


def test_most_recent_names_are_stored(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(names, "CAPACITY", 3)
    known = Names()
    known.learn_wallets(dict(zip(WALLETS[:3], ADDRESSES[:3], strict=True)))
    known.learn_wallets({WALLETS[0]: ADDRESSES[0], WALLETS[3]: ADDRESSES[3]})
    kept = [ADDRESSES[0], None, ADDRESSES[2], ADDRESSES[3]]
    assert [known.called(row("x", wallet)).wallet for wallet in WALLETS[:4]] == kept
    again = Names(known.snapshot())
    assert [again.called(row("x", wallet)).wallet for wallet in WALLETS[:4]] == kept


def test_snapshot_reflects_every_change_of_names():
    group = names.Group(name="polymarket:e", slug="e", title="E", kind="event", markets=(market("a", "resolved"),))
    known = Names()
    states = [known.snapshot()]
    for step in (
        lambda: known.learn_wallets({WALLETS[0]: ADDRESSES[0]}),
        lambda: known.learn_group(group),
        known.forget,
    ):
        step()
        states.append(known.snapshot())
    assert states[0] != states[1] == states[3]
    assert [Names(each).called(row("a-yes", WALLETS[0])) for each in states[1:3]] == [
        Called(wallet=ADDRESSES[0]),
        Called("polymarket:a-yes", "polymarket:a", "a", "Yes", ADDRESSES[0]),
    ]


def test_names_come_in_blocks():
    machine = SpotWhales(EAGER)
    machine.on_batch([names_block(["polymarket:b-yes"])])
    found = machine.on_batch([trades((0, -1, "b-yes", 1, 0.5, 900.0))])[0]
    assert [each.called for each in found] == [[Called("polymarket:b-yes")]]
    assert np.concatenate([each.rows for each in found])["wallet"].tolist() == [0]
    assert wallet_id(ADDRESSES[3]) == WALLETS[3]
