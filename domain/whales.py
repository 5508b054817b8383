"""Whales: large trades of one or several wallets on a prediction market, as rows.

An episode is a run of fills of one wallet, token and side in quick succession. Whales are evidence, not advice: two
studies of Polymarket (2026) found no edge in following large trades.
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
    SMALL_GAIN: "the lesser of its cost and its maximum gain is below the floor",
    DEAR: "its price leaves little to gain",
    BELOW_HEADLINE: "the usual size here is not yet known, and it is below the headline size",
    USUAL: "its size is usual in this market",
    COOLING: "the wallet was reported in this market shortly before",
}
"""Reasons to suppress an episode, as bits of `gates`, and their texts."""
SUPPRESSED_BY = {
    SMALL_GAIN: "small_gain",
    DEAR: "nearly_settled",
    BELOW_HEADLINE: "below_headline",
    USUAL: "usual_size",
    COOLING: "cooling_down",
}
"""The same as suppression reasons of candidates (domain.slices.SUPPRESSED_REASONS); the first that applies."""

FARMER, MAKER, BOT = 1, 2, 4
FLAGS = {
    FARMER: "mostly buys what is nearly certain",
    MAKER: "trades both sides",
    BOT: "trades in very many markets at once",
}
"""Observations about a wallet, as bits of `flags`."""

WHALE = np.dtype(
    [
        ("ts", "<i8"),  # when it was known, ns UTC
        ("opened_at", "<i8"),  # newest time at its first fill, or when the consensus formed; part of its id
        ("first_at", "<i8"),  # its earliest fill
        ("last_at", "<i8"),
        ("instrument", "<i8"),  # the token; of a consensus the market's first token
        ("first_token", "<i8"),  # of the market; `direction` refers to it
        ("market", "<i8"),  # domain.instruments.instrument_id of the market's name; the token if that is unknown
        ("wallet", "<i8"),  # 0 if unknown, or several
        ("notional", "<f8"),  # dollars
        ("max_gain", "<f8"),  # dollars
        ("contracts", "<f8"),
        ("vwap", "<f8"),
        ("rank", "<f8"),  # fraction of recent episodes that are smaller, [0, 1]; NaN while unknown
        ("rank_n", "<f8"),  # decayed number of episodes behind it
        ("share", "<f8"),  # of the market's trailing volume, itself included, (0, 1]; NaN of a consensus
        ("posterior", "<f8"),  # of a consensus: P(more than half take this side); NaN otherwise
        ("chance", "<f8"),  # of a consensus: P(as many wallets arrive by chance); NaN otherwise
        ("edge", "<f8"),  # earlier edge of its wallet in dollars per contract, shrunk to 0; NaN without a record
        ("edge_se", "<f8"),  # its standard error over markets; NaN below two of them
        ("average_entry", "<f8"),  # average price paid by its wallet; NaN without a record
        ("purity", "<f8"),  # |bought - sold| / (bought + sold) of its wallet, by markets; NaN without a record
        ("markets", "<i4"),  # resolved markets in the record
        ("fills", "<i4"),
        ("wallets", "<i4"),  # on this side; of a disagreement, on either
        ("against", "<i4"),  # on the other; of a disagreement, the fewer
        ("gates", "<u2"),  # bits of the failed GATES
        ("revision", "<u2"),  # number of earlier reports
        ("kind", "u1"),  # index into KINDS
        ("side", "i1"),  # +1 bought, -1 sold, 0 unknown
        ("direction", "i1"),  # +1 for the market's first outcome, -1 against it, 0 unknown or neither
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
        ("paid", "<f8"),  # dollars; selling an outcome counts as buying the other
        ("payout", "<f8"),  # of a resolution: payout of the first outcome in dollars, [0, 1]
        ("answer", "i1"),  # +1 the first, -1 the second
        ("kind", "u1"),  # TAKEN or RESOLVED
        ("spare", "u1", (6,)),
    ]
)
"""Positions of wallets and resolutions of markets, from which the track records are computed."""


STRONG_USD = 10_000.0


class WhaleCounts(msgspec.Struct, kw_only=True):
    """Counts of the rows of one shard since the last findings."""

    accepted: int = 0
    duplicates: int = 0
    late: int = 0
    bad: int = 0
    """Prices not between 0 and 1, sizes not above 0."""
    ended: int = 0
    """Trades of markets that are resolved."""
    unknown: int = 0
    """Accepted trades of tokens without a known market."""
    headlines: int = 0
    """Accepted trades of at least `headline` dollars, before any other condition."""
    crowded: int = 0
    """Episodes that were ended early because the pool was full."""


class Called(NamedTuple):
    """Names belonging to a row of `WHALE`: of its token and market, slug of the market, outcome of the token, and
    address of the wallet; '' and None if unknown.
    """

    token: str = ""
    market: str = ""
    slug: str = ""
    outcome: str = ""
    wallet: str | None = None


@dataclass(slots=True)
class WhaleFindings:
    """Whales and positions of one shard; no later findings are at or before `watermark` (ns).

    `rows` (WHALE) and `positions` (POSITION) are in the order of their `ts`; `called` holds the names belonging to
    each of the rows.
    """

    watermark: int
    rows: NDArray[Any]
    positions: NDArray[Any]
    counts: WhaleCounts
    called: list[Called] = field(default_factory=list)


def evidence_of(rows: NDArray[Any]) -> NDArray[Any]:
    """Convert rows of `WHALE` to EVIDENCE about the first outcome of their markets.

    Only emitted whales of known wallets are converted; patterns count several of them themselves. Each wallet is a
    separate source. The strength is 0.5 at 10,000 dollars and 0.75 at twice that; it is a ranking, not a probability,
    which is left unknown.
    """
    emitted = rows[(rows["kind"] == WHALE_ALONE) & (rows["status"] == EMITTED)]
    emitted = emitted[(emitted["wallet"] != UNKNOWN) & (emitted["direction"] != 0)]
    out = np.zeros(emitted.size, EVIDENCE)
    out["ts"], out["instrument"], out["source"] = emitted["ts"], emitted["first_token"], emitted["wallet"]
    size = np.minimum(emitted["notional"], emitted["max_gain"])
    out["strength"] = 1.0 - 2.0 ** -np.maximum(size / STRONG_USD, 1e-6)
    out["probability"] = out["expected_r"] = np.nan
    out["kind"], out["direction"] = COMPONENT_WHALE, emitted["direction"]
    return out
