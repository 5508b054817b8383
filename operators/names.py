"""Names: what the tokens and wallets of a shard are called, so that a finding can be told in words.

Of each the ones told of last are known, `MOST` of them; the tokens of a market are forgotten when it is resolved.
"""

import pickle
import zlib
from collections.abc import Mapping
from typing import Any, TypeVar

from domain.markets import Group
from domain.wallets import wallet_id
from domain.whales import Called

MOST = 8_192
T = TypeVar("T")


class Names:
    """The names of one shard."""

    def __init__(self, frozen: bytes | None = None) -> None:
        self._tokens: dict[int, Called] = {}
        self._wallets: dict[int, str] = {}
        self._leaving: set[int] = set()
        self._frozen = frozen  # they change seldom, and snapshots are many
        if frozen is not None:
            self._tokens, addresses = pickle.loads(zlib.decompress(frozen))  # noqa: S301  as trusted as in operators.state
            self._wallets = {wallet_id(address): address for address in addresses}

    def snapshot(self) -> bytes:
        """All of them."""
        if self._frozen is None:
            told = pickle.dumps((self._tokens, list(self._wallets.values())), protocol=5)
            self._frozen = zlib.compress(told)  # to a third: an address is written in digits
        return self._frozen

    def called(self, row: Any) -> Called:
        """What a row of `WHALE` speaks of."""
        token = self._tokens.get(int(row["instrument"]), Called())
        return token._replace(wallet=self._wallets.get(int(row["wallet"])))

    def learn_tokens(self, names: Mapping[int, str]) -> None:
        """Take in names of tokens, whose markets may be known already or be told of later."""
        self._keep(self._tokens, {each: self._tokens.get(each, Called(name)) for each, name in names.items()})

    def learn_wallets(self, addresses: Mapping[int, str]) -> None:
        """Take in addresses."""
        self._keep(self._wallets, addresses)

    def learn_group(self, group: Group) -> None:
        """Take in markets."""
        for market in group.markets:
            told = {
                token.instrument: Called(token.name, market.name, market.slug, token.outcome) for token in market.tokens
            }
            self._keep(self._tokens, told)
            if market.status == "resolved":
                self._leaving.update(told)

    def forget(self) -> None:
        """Leave out the tokens of markets that were resolved, once all was told of them."""
        if self._leaving:
            self._tokens = {each: called for each, called in self._tokens.items() if each not in self._leaving}
            self._leaving, self._frozen = set(), None

    def _keep(self, known: dict[int, T], told: Mapping[int, T]) -> None:
        for number, name in told.items():
            known.pop(number, None)  # the last of all, since it was told last
            known[number] = name
        for number in list(known)[: max(0, len(known) - MOST)]:
            del known[number]
        self._frozen = None
