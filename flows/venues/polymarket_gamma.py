"""Polymarket's metadata service (Gamma): decode markets and events to groups.

Prices come from the books, never from here: the prices of this service are minutes old.

References
----------
Polymarket, "Get markets", "Get events", "Fees" and "Negative risk" (2026-09). `outcomes`,
`outcomePrices` and `clobTokenIds` are JSON texts inside of JSON, or plain lists in older answers.
"""

from decimal import Decimal

import msgspec

from domain.markets import FeeSchedule, Group, Market, Token
from domain.pairs import fingerprint
from flows.venues import ladders
from flows.venues.fields import UNREADABLE, UnusableError, due_ns, number_of, within
from flows.venues.polymarket import name_of
from flows.venues.row_buffer import Json, RowBuffer, Status

_WINNERS: dict[tuple[float, ...], str] = {(1.0, 0.0): "yes", (0.0, 1.0): "no", (0.5, 0.5): ""}
HIGHEST_RATE = Decimal("0.07")
"""Rate of crypto markets, the highest of all categories (2026-09)."""


class FeeTerms(msgspec.Struct):
    """The fee terms of a market."""

    rate: Decimal
    exponent: Decimal = Decimal(1)


class _Market(msgspec.Struct, rename="camel"):
    condition_id: str
    question: str
    slug: str
    outcomes: str | list[str]
    clob_token_ids: str | list[str]
    outcome_prices: str | list[str] | None = None
    description: str | None = None
    active: bool = False
    closed: bool = False
    accepting_orders: bool | None = None
    enable_order_book: bool | None = None
    uma_resolution_status: str | None = None
    end_date: str | None = None
    order_price_min_tick_size: Decimal | None = None
    order_min_size: Decimal | None = None
    fees_enabled: bool | None = None
    fee_schedule: FeeTerms | None = None
    neg_risk_other: bool = False


class _Event(msgspec.Struct, rename="camel"):
    id: str
    slug: str
    title: str
    markets: list[msgspec.Raw]
    neg_risk: bool = False
    neg_risk_augmented: bool = False


_market = msgspec.json.Decoder(_Market)
_event = msgspec.json.Decoder(_Event)
_texts = msgspec.json.Decoder(list[str])


def market_groups(payload: Json, buffer: RowBuffer) -> list[Group]:
    """Decode one market without its event to a group of its own."""
    try:
        market = _market.decode(payload)
        return [_single(_read(market, name_of(market.condition_id)))]
    except UNREADABLE as problem:
        buffer.reject(f"market: {problem}")
        return []


def event_groups(payload: Json, buffer: RowBuffer) -> list[Group]:
    """Decode an event to groups of markets.

    Parameters
    ----------
    payload
        A JSON object with all of the event's `markets`.
    buffer
        Receives a reject for each invalid market.

    Returns
    -------
    list
        One group of kind `event` if the event is a negative-risk event, one of kind `ladder` if its markets
        are strikes of one value, else one of kind `single` for each market.
    """
    try:
        event = _event.decode(payload)
    except UNREADABLE as problem:
        buffer.reject(f"event: {problem}")
        return []
    name = name_of(event.id)
    valid: list[_Market] = []
    markets: list[Market] = []
    for raw in event.markets:
        try:
            each = _market.decode(raw)
            markets.append(_read(each, name))
            valid.append(each)
        except UNREADABLE as problem:
            buffer.reject(f"market: {problem}", raw)
    if event.neg_risk and markets:
        complete = len(markets) == len(event.markets) and not any(each.neg_risk_other for each in valid)
        return [
            Group(
                name=name,
                slug=event.slug,
                title=event.title,
                kind="event",
                exclusive=True,
                exhaustive=complete and not event.neg_risk_augmented,
                convertible=True,
                augmented=event.neg_risk_augmented,
                markets=tuple(markets),
            )
        ]
    strikes = ladders.by_questions(markets, [each.description or "" for each in valid])
    if strikes:
        return [Group(name=name, slug=event.slug, title=event.title, kind="ladder", markets=strikes)]
    return [_single(msgspec.structs.replace(market, group=market.name)) for market in markets]


def fees(enabled: bool | None, terms: FeeTerms | None) -> FeeSchedule:
    """The fees of a taker; the highest rate is assumed if they are missing.

    Raises
    ------
    UnusableError
        If the terms are out of range.
    """
    if enabled is False:
        return FeeSchedule(kind="none")
    if terms is None:
        return FeeSchedule(kind="polymarket", rate=HIGHEST_RATE, assumed=True)
    rate, exponent = within(terms.rate, "0", "1", "fee rate"), within(terms.exponent, "0", "9", "fee exponent")
    return FeeSchedule(kind="polymarket", rate=rate, exponent=exponent)


def _single(market: Market) -> Group:
    return Group(name=market.group, slug=market.slug, title=market.question, kind="single", markets=(market,))


def _read(market: _Market, group: str) -> Market:
    outcomes, tokens = _listed(market.outcomes), _listed(market.clob_token_ids)
    if len(outcomes) != 2 or len(tokens) != 2 or not all(tokens):
        raise UnusableError("it has not two outcomes with a token each")
    if market.order_price_min_tick_size is None or market.order_min_size is None:
        raise UnusableError("it has no price grid or no least order, so no order book")
    yes, no = (Token(name=name_of(token), outcome=outcome) for token, outcome in zip(tokens, outcomes, strict=True))
    for token in (yes, no):
        number_of(token.name)
    status, winner = _state(market)
    return Market(
        name=name_of(market.condition_id),
        slug=market.slug,
        question=market.question,
        group=group,
        yes=yes,
        no=no,
        fees=fees(market.fees_enabled, market.fee_schedule),
        tick=within(market.order_price_min_tick_size, "0.000001", "0.1", "price grid"),
        minimum_size=within(market.order_min_size, "0", "1000000", "least order"),
        mirrored=True,
        closes_at_ns=due_ns(market.end_date),
        status=status,
        winner={"": "", "yes": yes.name, "no": no.name}[winner],
        rules=fingerprint(market.description) if market.description else "",
    )


def _state(market: _Market) -> tuple[Status, str]:
    """Its status, and the winning outcome: "yes", "no" or empty."""
    if market.closed:
        prices = tuple(float(each) for each in _listed(market.outcome_prices or []))
        return ("resolved", _WINNERS[prices]) if prices in _WINNERS else ("closed", "")
    resolution = (market.uma_resolution_status or "").lower()
    if resolution in ("disputed", "challenged"):
        return "disputed", ""
    if resolution or not (market.active and market.accepting_orders and market.enable_order_book):
        return "paused", ""
    return "open", ""


def _listed(texts: str | list[str]) -> list[str]:
    return _texts.decode(texts) if isinstance(texts, str) else texts
