"""Names: the names of the tokens and wallets of a shard, for readable findings.

The `CAPACITY` most recently updated names of each kind are stored; the tokens of a market are dropped when it is
resolved.
"""

import pickle
import zlib
from collections.abc import Mapping
from typing import Any, TypeVar

from domain.markets import Group
from domain.wallets import wallet_id
from domain.whales import Called

CAPACITY = 8_192
T = TypeVar("T")


class Names:
    """The names of one shard."""

    def __init__(self, frozen: bytes | None = None) -> None:
        self._tokens: dict[int, Called] = {}
        self._wallets: dict[int, str] = {}
        self._leaving: set[int] = set()
        self._frozen = frozen  # names change seldom, snapshots are frequent
        if frozen is not None:
            self._tokens, addresses = pickle.loads(zlib.decompress(frozen))  # noqa: S301  as trusted as in operators.state
            self._wallets = {wallet_id(address): address for address in addresses}

    def snapshot(self) -> bytes:
        """Serialise the names."""
        if self._frozen is None:
            plain = pickle.dumps((self._tokens, list(self._wallets.values())), protocol=5)
            self._frozen = zlib.compress(plain)  # to a third: addresses are hexadecimal digits
        return self._frozen

    def called(self, row: Any) -> Called:
        """Names of the token, market and wallet of a row of `WHALE`."""
        token = self._tokens.get(int(row["instrument"]), Called())
        return token._replace(wallet=self._wallets.get(int(row["wallet"])))

    def learn_tokens(self, names: Mapping[int, str]) -> None:
        """Store names of tokens; their markets may be known already or arrive later."""
        self._store(self._tokens, {each: self._tokens.get(each, Called(name)) for each, name in names.items()})

    def learn_wallets(self, addresses: Mapping[int, str]) -> None:
        """Store addresses of wallets."""
        self._store(self._wallets, addresses)

    def learn_group(self, group: Group) -> None:
        """Store the names of the markets of a group and of their tokens."""
        for market in group.markets:
            tokens = {
                token.instrument: Called(token.name, market.name, market.slug, token.outcome) for token in market.tokens
            }
            self._store(self._tokens, tokens)
            if market.status == "resolved":
                self._leaving.update(tokens)

    def forget(self) -> None:
        """Drop the tokens of resolved markets; call this after their last findings were emitted."""
        if self._leaving:
            self._tokens = {each: called for each, called in self._tokens.items() if each not in self._leaving}
            self._leaving, self._frozen = set(), None

    def _store(self, known: dict[int, T], updates: Mapping[int, T]) -> None:
        for number, name in updates.items():
            known.pop(number, None)  # moved to the end: the dictionary is in order of last update
            known[number] = name
        for number in list(known)[: max(0, len(known) - CAPACITY)]:
            del known[number]
        self._frozen = None
