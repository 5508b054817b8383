"""Whales: who trades large on a prediction market, alone or with others, as rows.

Fills of one wallet, token and side that follow each other closely are an episode. What is told is
evidence, not advice: two studies of Polymarket (2026) found no edge in following large trades.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.composites import WHALE as COMPONENT_WHALE
from domain.evidence import EVIDENCE
from domain.slices import EMITTED
from domain.wallets import UNKNOWN

KINDS = ("whale", "consensus", "disagreement")
WHALE_ALONE, CONSENSUS, DISAGREEMENT = range(3)

SMALL_GAIN, DEAR, BELOW_HEADLINE, USUAL, COOLING = 1, 2, 4, 8, 16
GATES = {
    SMALL_GAIN: "the lesser of what it costs and can gain is under the floor",
    DEAR: "it collects what is nearly settled",
    BELOW_HEADLINE: "it is not yet known what is usual here, and it makes no headline",
    USUAL: "as much is usual in this market",
    COOLING: "the wallet was told of in this market shortly before",
}
"""What keeps an episode from being told, as bits of `gates`, and how people are told."""
SUPPRESSED_BY = {
    SMALL_GAIN: "small_gain",
    DEAR: "nearly_settled",
    BELOW_HEADLINE: "below_headline",
    USUAL: "usual_size",
    COOLING: "cooling_down",
}
"""The same as reasons of candidates (domain.slices.SUPPRESSED_REASONS), the first that holds."""

FARMER, MAKER, BOT = 1, 2, 4
FLAGS = {
    FARMER: "mostly buys what is nearly certain",
    MAKER: "trades both sides",
    BOT: "trades in very many markets at once",
}
"""What is to be known about a wallet, as bits of `flags`."""

WHALE = np.dtype(
    [
        ("ts", "<i8"),  # when it was known, ns UTC
        ("opened_at", "<i8"),  # newest time at its first fill, or when the consensus formed; its id stands on it
        ("first_at", "<i8"),  # its earliest fill
        ("last_at", "<i8"),
        ("instrument", "<i8"),  # the token; of a consensus the market's first token
        ("first_token", "<i8"),  # of the market; what `direction` speaks of
        ("market", "<i8"),  # domain.instruments.instrument_id of the market's name; the token if nobody told of it
        ("wallet", "<i8"),  # 0 if unknown, or several
        ("notional", "<f8"),  # dollars
        ("max_gain", "<f8"),  # dollars
        ("contracts", "<f8"),
        ("vwap", "<f8"),
        ("rank", "<f8"),  # share of recent episodes that are smaller, [0, 1]; NaN while that is not known
        ("rank_n", "<f8"),  # episodes that stands on, faded ones in part
        ("share", "<f8"),  # of the market's trailing volume, itself included, (0, 1]; NaN of a consensus
        ("posterior", "<f8"),  # of a consensus: P(more than half take this side); NaN otherwise
        ("chance", "<f8"),  # of a consensus: P(as many wallets come by chance); NaN otherwise
        ("edge", "<f8"),  # dollars a contract that its wallet won before, shrunk to 0; NaN without a record
        ("edge_se", "<f8"),  # its standard error by markets; NaN under two of them
        ("average_entry", "<f8"),  # what its wallet pays; NaN without a record
        ("purity", "<f8"),  # |bought - sold| / (bought + sold) of its wallet, by markets; NaN without a record
        ("markets", "<i4"),  # resolved markets that the record stands on
        ("fills", "<i4"),
        ("wallets", "<i4"),  # on this side; of a disagreement, on either
        ("against", "<i4"),  # on the other; of a disagreement, the fewer
        ("gates", "<u2"),  # bits of GATES that were shut
        ("revision", "<u2"),  # how often the same was told before
        ("kind", "u1"),  # index into KINDS
        ("side", "i1"),  # +1 bought, -1 sold, 0 unknown
        ("direction", "i1"),  # +1 for the market's first answer, -1 against it, 0 unknown or neither
        ("status", "u1"),  # domain.slices.EMITTED or SUPPRESSED
        ("flags", "u1"),  # bits of FLAGS
        ("spare", "u1", (7,)),
    ]
)

TAKEN, RESOLVED = 0, 1
POSITION = np.dtype(
    [
        ("ts", "<i8"),  # when it was known
        ("market", "<i8"),
        ("wallet", "<i8"),
        ("contracts", "<f8"),
        ("paid", "<f8"),  # dollars; who sells an answer is taken to buy the other
        ("payout", "<f8"),  # of a resolution: dollars that the first answer pays, [0, 1]
        ("answer", "i1"),  # +1 the first, -1 the second
        ("kind", "u1"),  # TAKEN or RESOLVED
        ("spare", "u1", (6,)),
    ]
)
"""What wallets took, and what became of the markets; the record of a wallet is made of it."""


STRONG_USD = 10_000.0


class WhaleCounts(msgspec.Struct, kw_only=True):
    """What became of the rows of one shard since they were last told of."""

    accepted: int = 0
    duplicates: int = 0
    late: int = 0
    bad: int = 0
    """Prices not between 0 and 1, sizes not above 0."""
    ended: int = 0
    """Trades of markets that are resolved."""
    unknown: int = 0
    """Accepted trades of tokens of which no market is known."""
    headlines: int = 0
    """Accepted trades of at least `headline` dollars, before anything else is asked."""
    crowded: int = 0
    """Episodes that were ended early for want of room."""


class Called(NamedTuple):
    """What a row of `WHALE` speaks of: names of its token and of the token's market, the market's slug, the token's
    answer, and the address of its wallet; '' and None where nobody told.
    """

    token: str = ""
    market: str = ""
    slug: str = ""
    outcome: str = ""
    wallet: str | None = None


@dataclass(slots=True)
class WhaleFindings:
    """What one shard found; nothing will be found at or before `watermark` (ns) any more.

    `rows` (WHALE) and `positions` (POSITION) stand in the order of their `ts`; `called` names what each of
    the rows speaks of.
    """

    watermark: int
    rows: NDArray[Any]
    positions: NDArray[Any]
    counts: WhaleCounts
    called: list[Called] = field(default_factory=list)


def evidence_of(rows: NDArray[Any]) -> NDArray[Any]:
    """What rows of `WHALE` say for or against the first answer of their markets, as rows of EVIDENCE.

    Told whales of known wallets only: whoever asks for several counts them himself. Each wallet is a source
    of its own. The strength is a half at 10,000 dollars and three quarters at twice that; it ranks, and is no
    probability, so that is left to what such evidence came to.
    """
    told = rows[(rows["kind"] == WHALE_ALONE) & (rows["status"] == EMITTED)]
    told = told[(told["wallet"] != UNKNOWN) & (told["direction"] != 0)]
    out = np.zeros(told.size, EVIDENCE)
    out["ts"], out["instrument"], out["source"] = told["ts"], told["first_token"], told["wallet"]
    size = np.minimum(told["notional"], told["max_gain"])
    out["strength"] = 1.0 - 2.0 ** -np.maximum(size / STRONG_USD, 1e-6)
    out["probability"] = out["expected_r"] = np.nan
    out["kind"], out["direction"] = COMPONENT_WHALE, told["direction"]
    return out
