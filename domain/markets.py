"""Market: binary prediction markets and exchange listings, and groups of related ones.

A market is a question; each of its two outcomes has a token that pays 1 dollar if the outcome comes true and 0
otherwise (0.5 each if a market is voided). A group contains the markets whose prices are linked by arbitrage; all of
its order books are in one shard.
"""

from decimal import Decimal
from typing import Literal

import msgspec

from domain.instruments import instrument_id, shard_of


class FeeSchedule(msgspec.Struct, frozen=True, kw_only=True):
    """Taker fee schedule; the formulas are in `domain.fees`.

    Attributes
    ----------
    kind
        `polymarket`: C r (p (1 - p))^e; `kalshi`: the same with r = 0.07 m, rounded up to a cent per
        order; `notional`: a fraction of the notional; `none`.
    rate
        r, or the fraction.
    exponent
        e.
    multiplier
        m of `kalshi`.
    assumed
        Whether the schedule is unknown, so that the highest of the venue is assumed.
    """

    kind: Literal["polymarket", "kalshi", "notional", "none"]
    rate: Decimal = Decimal(0)
    exponent: Decimal = Decimal(1)
    multiplier: Decimal = Decimal(1)
    assumed: bool = False


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """One outcome. `name` is `venue:token id`, the name of the instrument; `outcome` its display name."""

    name: str
    outcome: str

    @property
    def instrument(self) -> int:
        """Number of the instrument."""
        return instrument_id(self.name)


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """A question with two outcomes; the first is the affirmative one ("yes").

    Attributes
    ----------
    name
        `venue:market id`.
    slug, question
        Human-readable.
    group
        Name of its group; see `Group`.
    yes, no
        Its tokens.
    fees
        Taker fees.
    tick
        Price increment in dollars.
    minimum_size
        Minimum order size in contracts.
    lot
        Size increment in contracts.
    minimum_value
        Minimum value in dollars of an order that is filled immediately.
    mirrored
        Whether the book of `no` is the mirror image of that of `yes` (one order pool, shown twice).
    strike
        For a ladder: the question is whether some value will be above it.
    strict
        Whether "above" excludes the strike itself.
    closes_at_ns
        Due date; 0 if unknown.
    status
        `open`, `paused` (accepts no orders), `disputed`, `closed`, or `resolved`.
    winner
        Name of the winning token once resolved; empty before, or if both pay 0.5.
    rules
        Fingerprint of its settlement rules (`domain.pairs.fingerprint`); empty if unknown.
    """

    name: str
    slug: str
    question: str
    group: str
    yes: Token
    no: Token
    fees: FeeSchedule
    tick: Decimal
    minimum_size: Decimal
    mirrored: bool
    lot: Decimal = Decimal("0.01")
    minimum_value: Decimal = Decimal(0)
    strike: Decimal | None = None
    strict: bool = True
    closes_at_ns: int = 0
    status: Literal["open", "paused", "disputed", "closed", "resolved"] = "open"
    winner: str = ""
    rules: str = ""

    @property
    def tokens(self) -> tuple[Token, ...]:
        """Its tradable tokens: yes and no."""
        return self.yes, self.no


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """A trading pair on one exchange.

    Attributes
    ----------
    name
        `venue:symbol`, the name of the instrument.
    base, quote
        Base and quote currency: BTC and USDT.
    fees
        Taker fees; of kind `notional`.
    tick, minimum_size, lot, minimum_value
        As for a `Market`, in quote currency and base units.
    moving
        Rebalancing cost as a fraction of the price: moving the asset to the other exchange, and the money
        back. It is charged to each basket, although it is incurred later and for many baskets at once.
    status
        `open`, or `paused`.
    """

    name: str
    base: str
    quote: str
    fees: FeeSchedule
    tick: Decimal
    minimum_size: Decimal
    lot: Decimal
    minimum_value: Decimal = Decimal(0)
    moving: Decimal = Decimal(0)
    status: Literal["open", "paused"] = "open"

    @property
    def closes_at_ns(self) -> int:
        """Always 0: a listing has no due date."""
        return 0

    @property
    def tokens(self) -> tuple[Token, ...]:
        """Its tradable token."""
        return (Token(name=self.name, outcome=self.base),)


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Markets whose prices are linked.

    Attributes
    ----------
    name
        `venue:event id`, or `pair:mapping id` across venues.
    slug, title
        Human-readable.
    kind
        `single` market; `event`, whose markets are outcomes of one question; `ladder`, whose markets have
        increasing strikes of one value; `pair`, the same question on two venues; `exchange`, whose listings
        are trading pairs.
    exclusive
        Whether at most one of its markets resolves to yes.
    exhaustive
        Whether at least one of them does, and all of them are listed. False if unproven.
    convertible
        Whether the venue converts the no-tokens of k markets into k - 1 dollars and the yes-tokens of all others.
    augmented
        Whether outcomes may still be added, so that the listed ones may be incomplete.
    reviewed
        For a pair: whether a person has compared source, date, strike and rules.
    faults
        For a pair that is not, or no longer, reviewed: the reasons.
    home
        Name of the group whose shard owns the books, where pairs link several groups; its own if empty.
    markets
        In the order of the venue; for a ladder, by strike.
    listings
        Trading pairs on exchanges.
    """

    name: str
    slug: str
    title: str
    kind: Literal["single", "event", "ladder", "pair", "exchange"]
    markets: tuple[Market, ...] = ()
    exclusive: bool = False
    exhaustive: bool = False
    convertible: bool = False
    augmented: bool = False
    reviewed: bool = False
    faults: tuple[str, ...] = ()
    home: str = ""
    listings: tuple[Listing, ...] = ()

    @property
    def members(self) -> tuple[Market | Listing, ...]:
        """Its markets and listings."""
        return *self.markets, *self.listings

    @property
    def shard(self) -> int:
        """The shard that owns all of its books."""
        return shard_of(instrument_id(self.home or self.name))
