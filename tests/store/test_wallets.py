from datetime import timedelta

import psycopg

from store import wallets
from tests.store.conftest import Asker
from tests.whale_trades import ADDRESSES, BEGIN, wallet

LATER = BEGIN + timedelta(hours=1)


def test_wallets_read_back_as_they_were_written(connection: psycopg.Connection, ask: Asker) -> None:
    assert wallets.write(connection, [wallet(number) for number in range(3)]) == 3
    for number in range(3):
        assert ask(wallets.one, ADDRESSES[number]) == wallet(number)
        assert ask(wallets.one, ADDRESSES[number].lower()) == wallet(number)
    assert ask(wallets.one, "7") is None


def test_what_was_seen_last_stays_however_it_comes(connection: psycopg.Connection, ask: Asker) -> None:
    older, newer = wallet(1), wallet(4, LATER)
    assert older.id == newer.id
    for batch, changed in (([older], 1), ([newer, older], 1), ([older], 0), ([newer], 0), ([], 0)):
        assert wallets.write(connection, batch) == changed
    assert ask(wallets.one, ADDRESSES[1]) == newer
