"""Market: what is bought and sold on a prediction market, and which markets belong together.

A market asks a question; each possible answer has a token that pays 1 dollar if that answer comes
true and 0 otherwise (a half each where a market may be voided). A group holds the markets whose
prices bind each other; all of its books live in one shard.
"""

from decimal import Decimal
from typing import Literal

import msgspec

from domain.instruments import instrument_id, shard_of


class FeeSchedule(msgspec.Struct, frozen=True, kw_only=True):
    """How a venue charges the taker; the formulas are in `domain.fees`.

    Attributes
    ----------
    kind
        `polymarket`: C r (p (1 - p))^e; `kalshi`: the same with r = 0.07 m, rounded up to a cent an
        order; `notional`: a share of what is paid; `none`.
    rate
        r, or the share.
    exponent
        e.
    multiplier
        m of `kalshi`.
    assumed
        Nobody said, so the highest that the venue charges is assumed.
    """

    kind: Literal["polymarket", "kalshi", "notional", "none"]
    rate: Decimal = Decimal(0)
    exponent: Decimal = Decimal(1)
    multiplier: Decimal = Decimal(1)
    assumed: bool = False


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """One answer. `name` is `venue:token id`, the instrument's name; `outcome` what people call it."""

    name: str
    outcome: str

    @property
    def instrument(self) -> int:
        """The instrument's number."""
        return instrument_id(self.name)


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """A question with two answers; the first is the one that the question asks for ("yes").

    Attributes
    ----------
    name
        `venue:market id`.
    slug, question
        For people.
    group
        Name of its group; see `Group`.
    yes, no
        Its tokens.
    fees
        What a taker pays.
    tick
        The price grid, in dollars.
    minimum_size
        Of an order, in contracts.
    lot
        What sizes of orders are multiples of, in contracts.
    minimum_value
        Of an order that is to be filled at once, in dollars.
    mirrored
        The book of `no` is that of `yes` seen from the other side (one pool of orders, shown twice).
    strike
        Of a ladder: the question is whether some value will be above it.
    strict
        Whether "above" excludes the strike itself.
    closes_at_ns
        When it is due; 0 if unknown.
    status
        `open`, `paused` (no orders are taken), `disputed`, `closed`, or `resolved`.
    winner
        Name of the token that pays, once resolved; empty before, or if both pay a half.
    rules
        Fingerprint of the words by which it is resolved (`domain.pairs.fingerprint`); empty if unknown.
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
        """What is bought and sold: yes and no."""
        return self.yes, self.no


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """An asset as it trades on one exchange, for quote currency.

    Attributes
    ----------
    name
        `venue:symbol`, the instrument's name.
    base, quote
        What is traded, and for what: BTC and USDT.
    fees
        What a taker pays; of kind `notional`.
    tick, minimum_size, lot, minimum_value
        As of a `Market`, in quote currency and base units.
    moving
        Share of the price that it costs to bring what was bought here to where it was sold, and the
        money back. It is part of what a basket pays, though it is spent later and for many at once.
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
        """It is never due."""
        return 0

    @property
    def tokens(self) -> tuple[Token, ...]:
        """What is bought and sold."""
        return (Token(name=self.name, outcome=self.base),)


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Markets whose prices bind each other.

    Attributes
    ----------
    name
        `venue:event id`, or `pair:mapping id` across venues.
    slug, title
        For people.
    kind
        `single` market; `event`, whose markets are answers to one question; `ladder`, whose markets
        ask for ever higher strikes of one value; `pair`, the same question on two venues; `exchange`,
        whose listings are assets on exchanges.
    exclusive
        At most one of its markets resolves to yes.
    exhaustive
        At least one of them does, and all of them are here. False where nobody proved it.
    convertible
        The venue turns the no-tokens of k markets into k - 1 dollars and the yes-tokens of all others.
    augmented
        Answers may still be added, so the ones here need not be all.
    reviewed
        Of a pair: a person has compared source, date, strike and rules.
    faults
        Of a pair that is not reviewed, or no longer: why.
    home
        Name of the group whose shard owns the books, where pairs bind several groups; its own if empty.
    markets
        In the venue's order; of a ladder, by strike.
    listings
        What trades on exchanges.
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
