from datetime import timedelta
from itertools import permutations

import msgspec
import psycopg
import pytest

from domain.wallets import wallet_id
from domain.whale_trades import Wallet
from store import wallets
from tests.store.conftest import AsyncCaller
from tests.whale_trades import ADDRESSES, BEGIN, wallet

LATER = BEGIN + timedelta(hours=1)


def test_wallets_are_read_back_as_written(connection: psycopg.Connection, call: AsyncCaller) -> None:
    assert wallets.write(connection, [wallet(number) for number in range(3)]) == 3
    for number in range(3):
        assert call(wallets.one, ADDRESSES[number]) == wallet(number)
        assert call(wallets.one, ADDRESSES[number].lower()) == wallet(number)
    assert call(wallets.one, "7") is None


def test_latest_record_is_stored_whatever_the_order(connection: psycopg.Connection, call: AsyncCaller) -> None:
    older, newer = wallet(1), wallet(4, LATER)
    assert older.id == newer.id
    for batch, changed in (([older], 1), ([newer, older], 1), ([older], 0), ([newer], 0), ([], 0)):
        assert wallets.write(connection, batch) == changed
    assert call(wallets.one, ADDRESSES[1]) == newer


ADDRESS = ADDRESSES[0]
NUMBER = str(wallet_id(ADDRESS))
SEEN = [
    msgspec.structs.replace(wallet(at, BEGIN + timedelta(hours=at)), id=name)
    for at, name in enumerate((NUMBER, ADDRESS, NUMBER, ADDRESS.upper().replace("X", "x")))
]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_number_and_address_are_one_wallet(
    connection: psycopg.Connection, call: AsyncCaller, order: tuple[int, ...]
) -> None:
    for at in order:
        wallets.write(connection, [SEEN[at]])
    expected = msgspec.structs.replace(SEEN[2], id=ADDRESS)
    assert [call(wallets.one, name) for name in (ADDRESS, NUMBER)] == [expected] * 2
    assert connection.execute("SELECT count(*) FROM wallets").fetchone() == (1,)


def test_number_and_address_in_one_batch_are_one_wallet(connection: psycopg.Connection, call: AsyncCaller) -> None:
    assert wallets.write(connection, SEEN) == 1
    assert call(wallets.one, NUMBER) == SEEN[3]
    assert wallets.write(connection, SEEN[:3]) == 0


def test_too_large_number_is_taken_for_an_address(connection: psycopg.Connection, call: AsyncCaller) -> None:
    odd: Wallet = msgspec.structs.replace(wallet(1), id="9" * 30)
    assert wallets.write(connection, [odd]) == 1
    assert call(wallets.one, "9" * 30) == odd
    assert call(wallets.one, "") is None


def test_aliases_are_address_and_number() -> None:
    assert wallets.aliases(ADDRESS) == [ADDRESS.lower(), NUMBER]
    assert wallets.aliases(NUMBER) == [NUMBER, NUMBER]
