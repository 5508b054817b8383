"""Whales over REST: who trades large on prediction markets, page by page, and the record of one wallet."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from api.errors import NOT_FOUND, ProblemError
from api.resources import Resources
from api.rest.pagination import FilteredListing, Page, PageParameters, paginate
from api.rest.params import Instant, Name
from api.rest.result import Result
from domain.whale_trades import Wallet, WhaleTrade
from store import wallets, whales

PATH = "/api/v1/whales"
SHOWN = 100

WalletName = Annotated[
    str,
    Meta(
        pattern=r"^((sim:)?0x[0-9a-fA-F]{1,64}|[0-9]{1,19})$",
        description="A wallet's address, with sim: before a simulated one, or its number where that is not known; "
        "capitals do not matter.",
    ),
]
Side = Annotated[int, Meta(ge=-1, le=1)]


class ChosenWhales(PageParameters, frozen=True, kw_only=True):
    """Which whales, and how many at a time."""

    kind: Literal["whale", "consensus", "disagreement"] | None = None
    market: Name | None = None
    slug: Name | None = None
    wallet: WalletName | None = None
    direction: Annotated[Side | None, Meta(description="1 for the market's first answer, -1 against it.")] = None
    status: Annotated[
        Literal["emitted", "suppressed", "all"], Meta(description="Suppressed ones say why they were not told.")
    ] = "emitted"
    min_notional: Annotated[float | None, Meta(description="Least `notional`, in dollars.")] = None
    since: Annotated[Instant | None, Meta(description="Known then or later.")] = None
    until: Annotated[Instant | None, Meta(description="Known before.")] = None


class WhichWallet(msgspec.Struct, frozen=True, kw_only=True):
    """Which wallet."""

    id: WalletName


class WhalesPage(Page, frozen=True, kw_only=True):
    """Whales, newest first."""

    whales: list[WhaleTrade]


class WalletPage(Wallet, frozen=True, kw_only=True):
    """A wallet, its record, and the newest 100 of its large trades, suppressed ones included."""

    whales: list[WhaleTrade]


async def list_whales(resources: Resources, chosen: ChosenWhales) -> Result:
    """Large trades of prediction markets, and wallets that agree or disagree, newest first.

    They are graded evidence, not advice. Paging is that of `/api/v1/signals`.
    """
    names = ("kind", "market", "slug", "wallet", "direction", "min_notional", "since", "until")
    filters = {name: getattr(chosen, name) for name in names}
    filters["status"] = None if chosen.status == "all" else chosen.status
    filters["wallet"] = None if chosen.wallet is None else wallets.names(chosen.wallet)
    result = await paginate(PATH, chosen, FilteredListing(resources.pool, whales.LISTING, filters))
    return Result(WhalesPage(whales=list(result.rows), **result.fields), result.headers)


async def show_wallet(resources: Resources, which: WhichWallet) -> WalletPage:
    """One wallet: what it had won when it was last seen, and its newest large trades."""
    found = await wallets.one(resources.pool, which.id)
    if found is None:
        raise ProblemError(NOT_FOUND, f"no wallet {which.id} has traded; /api/v1/whales lists who has")
    traded = await whales.LISTING.page(resources.pool, {"wallet": wallets.names(found.id)}, limit=SHOWN)
    return WalletPage(**msgspec.structs.asdict(found), whales=traded)
