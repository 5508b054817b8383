"""Whales endpoints: a paged list of large trades on prediction markets, and the record of one wallet."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from api.errors import NOT_FOUND, ProblemError
from api.resources import Resources
from api.rest.pagination import FilteredListing, Page, PageParameters, paginate
from api.rest.params import Instant, MarketSlug, Name
from api.rest.result import Result
from domain.whale_trades import Wallet, WhaleTrade
from store import wallets, whales

PATH = "/api/v1/whales"
TRADES_MAX = 100

WalletName = Annotated[
    str,
    Meta(
        pattern=r"^((sim:)?0x[0-9a-fA-F]{1,64}|[0-9]{1,19})$",
        description="Wallet address, with the prefix sim: if simulated, or its number if the address is unknown; "
        "case-insensitive.",
    ),
]
Side = Annotated[int, Meta(ge=-1, le=1)]


class WhalesQuery(PageParameters, frozen=True, kw_only=True):
    """Query parameters: filters and paging of whales."""

    kind: Annotated[
        Literal["whale", "consensus", "disagreement"] | None,
        Meta(description="One wallet that trades large, several that agree, or several that disagree."),
    ] = None
    market: Annotated[
        Name | None, Meta(description="Market, as in the `market` field.", examples=["polymarket:0xabc"])
    ] = None
    slug: MarketSlug | None = None
    wallet: WalletName | None = None
    direction: Annotated[Side | None, Meta(description="1 for the first outcome of the market, -1 against it.")] = None
    status: Annotated[
        Literal["emitted", "suppressed", "all"],
        Meta(description="Suppressed whales were not published; each has a reason."),
    ] = "emitted"
    min_notional: Annotated[float | None, Meta(description="Minimum `notional`, in dollars.")] = None
    since: Annotated[Instant | None, Meta(description="Detected at or after this time.")] = None
    until: Annotated[Instant | None, Meta(description="Detected before this time.")] = None


class WalletPath(msgspec.Struct, frozen=True, kw_only=True):
    """Path parameter: wallet."""

    id: WalletName


class WhalesPage(Page, frozen=True, kw_only=True):
    """Whales, newest first."""

    whales: list[WhaleTrade]


class WalletPage(Wallet, frozen=True, kw_only=True):
    """A wallet, its track record, and its newest 100 large trades, including suppressed ones."""

    whales: list[WhaleTrade]


async def list_whales(resources: Resources, query: WhalesQuery) -> Result:
    """Large trades on prediction markets, and consensus or disagreement among large wallets, newest first.

    They are graded evidence, not advice. Paging works as in `/api/v1/signals`.
    """
    names = ("kind", "market", "slug", "wallet", "direction", "min_notional", "since", "until")
    filters = {name: getattr(query, name) for name in names}
    filters["status"] = None if query.status == "all" else query.status
    filters["wallet"] = None if query.wallet is None else wallets.aliases(query.wallet)
    result = await paginate(PATH, query, FilteredListing(resources.pool, whales.LISTING, filters))
    return Result(WhalesPage(whales=list(result.rows), **result.fields), result.headers)


async def show_wallet(resources: Resources, path: WalletPath) -> WalletPage:
    """One wallet: its track record when last seen, and its newest large trades."""
    wallet = await wallets.one(resources.pool, path.id)
    if wallet is None:
        raise ProblemError(
            NOT_FOUND, f"no trades of wallet {path.id} are known; /api/v1/whales lists wallets that have traded"
        )
    traded = await whales.LISTING.page(resources.pool, {"wallet": wallets.aliases(wallet.id)}, limit=TRADES_MAX)
    return WalletPage(**msgspec.structs.asdict(wallet), whales=traded)
