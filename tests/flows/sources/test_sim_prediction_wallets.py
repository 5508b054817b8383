import numpy as np

from domain.wallets import UNKNOWN, wallet_id
from flows.sources.sim_prediction_wallets import POPULATION, SHARP, addresses, wallets


def test_every_wallet_has_a_simulated_address() -> None:
    names = addresses(1)
    assert len(set(names)) == len(names) == sum(POPULATION.values())
    assert all(name.startswith("sim:0x") for name in names)
    assert all(name == name.lower() for name in names)


def test_numbers_are_those_of_the_addresses_in_their_order() -> None:
    people = wallets(1)
    assert {kind: each.size for kind, each in people.items()} == POPULATION
    numbers = np.concatenate(list(people.values()))
    assert numbers.tolist() == [wallet_id(name) for name in addresses(1)]
    assert UNKNOWN not in numbers
    assert POPULATION["whale"] > SHARP


def test_another_seed_has_other_wallets() -> None:
    assert not {*addresses(1)} & {*addresses(2)}
