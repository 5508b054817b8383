"""Whale trade: the public record of a whale, a consensus or a disagreement, with its reason in one sentence."""

import math
from datetime import datetime
from typing import Any, Literal

import msgspec

from domain.clock import to_datetime
from domain.ids import whale_id
from domain.slices import EMITTED
from domain.wallets import UNKNOWN
from domain.whales import DISAGREEMENT, FLAGS, GATES, KINDS, WHALE_ALONE

SIDES: dict[int, Literal["buy", "sell", "unknown"]] = {1: "buy", -1: "sell", 0: "unknown"}


class WalletRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Track record of a wallet in markets that were resolved before.

    Attributes
    ----------
    markets
        Number of resolved markets; if there are none, `edge` is null.
    edge
        Dollars per contract, outcome less price paid: the mean over its markets, shrunk to 0 by 30 markets.
    edge_se
        Standard error over markets; null for fewer than two.
    average_entry
        Average price paid per contract.
    purity
        How one-sided its trading in a market is, [0, 1].
    flags
        Notable facts, as text.
    """

    markets: int
    edge: float | None
    edge_se: float | None
    average_entry: float | None
    purity: float | None
    flags: list[str]


class Wallet(msgspec.Struct, frozen=True, kw_only=True):
    """A wallet when it was last seen: its address, or its number if the address is unknown, and its track record."""

    id: str
    seen_at: datetime
    record: WalletRecord


class WhaleTrade(msgspec.Struct, frozen=True, kw_only=True):
    """A large trade, a consensus or a disagreement; null means unknown, or not applicable to its kind.

    Attributes
    ----------
    id
        Constant over its revisions.
    token, market, slug, outcome
        What was traded: names of the token and its market, the market's slug, and the token's outcome. For a
        consensus, the market's first outcome.
    wallet
        Address, or number if the address is unknown.
    direction
        1 for the market's first outcome, -1 against it, 0 if unknown or neither.
    first_at, last_at
        Times of its first and last fill.
    notional, max_gain
        Value in dollars, and dollars that it can win at most.
    vwap
        Volume-weighted average price, in dollars per contract.
    fills
        Number of trades.
    rank, rank_n
        Share of recent trades of the market that are smaller, and their effective number.
    share
        Share of the market's recent volume.
    wallets, against
        Number of wallets on its side, and on the other; for a disagreement, on either side, and on the smaller one.
    posterior, chance
        For a consensus: probability that more than half of all wallets take its side, and probability that as many
        agree by chance.
    record
        Track record of the wallet.
    revision
        Number of changes before.
    status, suppressed_reason
        Whether it was emitted; if not, the reason.
    reason
        Explanation in one plain sentence.
    simulated
        Whether the market is simulated.
    """

    id: str
    kind: str
    token: str
    market: str
    slug: str
    outcome: str
    wallet: str | None
    detected_at: datetime
    first_at: datetime
    last_at: datetime
    side: Literal["buy", "sell", "unknown"]
    direction: int
    notional: float
    max_gain: float | None
    contracts: float | None
    vwap: float | None
    fills: int
    rank: float | None
    rank_n: float
    share: float | None
    wallets: int
    against: int
    posterior: float | None
    chance: float | None
    record: WalletRecord | None
    revision: int
    status: Literal["emitted", "suppressed"]
    suppressed_reason: str | None
    reason: str
    simulated: bool = False


def whale_trade(
    row: Any,
    *,
    token: str,
    market: str = "",
    slug: str = "",
    outcome: str = "",
    wallet: str | None = None,
    simulated: bool = False,
) -> WhaleTrade:
    """Build the public record of a row of `domain.whales.WHALE`.

    Parameters
    ----------
    token
        Name of the instrument.
    market, slug, outcome
        Names of its market and outcome; if the market metadata is missing they are empty, and the token's name is used.
    wallet
        Its address; if None, its number is used.
    """
    kind = KINDS[row["kind"]]
    alone = int(row["kind"]) == WHALE_ALONE
    number = int(row["wallet"])
    return WhaleTrade(
        id=whale_id(kind, int(row["market"]), int(row["instrument"]), number, int(row["side"]), int(row["opened_at"])),
        kind=kind,
        token=token,
        market=market or token,
        slug=slug or token,
        outcome=outcome,
        wallet=None if number == UNKNOWN else wallet or str(number),
        detected_at=to_datetime(int(row["ts"])),
        first_at=to_datetime(int(row["first_at"])),
        last_at=to_datetime(int(row["last_at"])),
        side=SIDES[int(row["side"])],
        direction=int(row["direction"]),
        notional=float(row["notional"]),
        max_gain=_known(row["max_gain"]),
        contracts=_known(row["contracts"]),
        vwap=_known(row["vwap"]),
        fills=int(row["fills"]),
        rank=_known(row["rank"]),
        rank_n=float(row["rank_n"]),
        share=_known(row["share"]),
        wallets=int(row["wallets"]),
        against=int(row["against"]),
        posterior=_known(row["posterior"]),
        chance=_known(row["chance"]),
        record=record_of(row) if alone and number != UNKNOWN else None,
        revision=int(row["revision"]),
        status="emitted" if row["status"] == EMITTED else "suppressed",
        suppressed_reason=suppressed_reason(row),
        reason=reason_of(row, outcome),
        simulated=simulated,
    )


def record_of(row: Any) -> WalletRecord:
    """Track record of the wallet of a row, at that time."""
    return WalletRecord(
        markets=int(row["markets"]),
        edge=_known(row["edge"]),
        edge_se=_known(row["edge_se"]),
        average_entry=_known(row["average_entry"]),
        purity=_known(row["purity"]),
        flags=[words for bit, words in FLAGS.items() if row["flags"] & bit],
    )


def suppressed_reason(row: Any) -> str | None:
    """Why a row was suppressed; None if it was emitted."""
    if row["status"] == EMITTED:
        return None
    return "; ".join(words for bit, words in GATES.items() if row["gates"] & bit)


def reason_of(row: Any, outcome: str = "") -> str:
    """Describe a row in one sentence.

    Parameters
    ----------
    row
        A row of `WHALE`.
    outcome
        Outcome of the token or, for a consensus, of the market's first token.
    """
    answer = repr(outcome) if outcome else "the first outcome" if row["kind"] != WHALE_ALONE else "one outcome"
    if row["kind"] == WHALE_ALONE:
        return _alone(row, answer)
    wallets, against = int(row["wallets"]), int(row["against"])
    minutes = max(1, math.ceil((int(row["ts"]) - int(row["first_at"])) / 60e9))
    within = f"within {minutes} minute{'' if minutes == 1 else 's'}"
    chance = f"the probability of as many by chance is {row['chance']:.1g}"
    if row["kind"] == DISAGREEMENT:
        sides = f"{wallets - against} on one side and {against} on the other side of {answer}"
        return f"{wallets} large wallets disagree {within}, {sides}; {chance}."
    verb = "for" if row["direction"] > 0 else "against"
    others = "none" if not against else f"{against} wallet{'' if against == 1 else 's'}"
    dollars = f"{_dollars(row['notional'])} or more"
    return f"{wallets} large wallets trade {verb} {answer} {within} for {dollars}, {others} opposed; {chance}."


def _alone(row: Any, answer: str) -> str:
    who = "A wallet" if row["wallet"] != UNKNOWN else "An unknown wallet"
    verb = {1: "bought", -1: "sold", 0: "traded"}[int(row["side"])]
    fills = f" in {row['fills']} fills" if row["fills"] > 1 else ""
    text = f"{who} {verb} {answer} for {_dollars(row['notional'])} at {row['vwap']:.3f}{fills}"
    if not math.isnan(row["rank"]):
        text += f", more than {min(row['rank'], 0.9999):.2%} of recent episodes there"
    text += f", {row['share']:.0%} of the recent volume there"
    if row["markets"]:
        text += f"; its earlier edge is {row['edge']:+.3f} per contract over {row['markets']} markets, shrunk"
    if why := suppressed_reason(row):
        text += f"; suppressed, because {why}"
    return f"{text}."


def _dollars(amount: float) -> str:
    return f"${amount:,.0f}"


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
