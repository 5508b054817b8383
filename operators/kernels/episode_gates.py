"""Episode gates: what to report about an episode when it grows, and when it ends."""

from typing import NamedTuple

import numpy as np

from domain.wallets import UNKNOWN
from domain.whales import BELOW_HEADLINE, DEAR, SMALL_GAIN, USUAL
from operators.kernels import kernel
from operators.kernels.episodes import learn_size, rank_in, remove_episode

FOUND = np.dtype(
    [(name, "<i8") for name in ("ts", "opened_at", "first_at", "last_at", "instrument", "first", "market", "wallet")]
    + [(name, "<f8") for name in ("notional", "gain", "contracts", "rank", "rank_n", "share")]
    + [("fills", "<i4"), ("revision", "<i4"), ("gates", "<u2"), ("what", "u1"), ("side", "i1")]
    + [("answer", "i1"), ("spare", "u1", (3,))]
)
"""An episode to report; `first` is the first token of its market; `what` are bits of the next."""
LARGE, REPORTED, SILENCED, ENDED = 1, 2, 4, 8
"""What to report: the episode became large enough to count towards a consensus; it passes all gates, for the first
time or after an escalation; it ended without ever passing them; it ended, and counts for the record of its wallet."""


class Rules(NamedTuple):
    """Settings in the form that the kernels take: dollars, and times in ns."""

    floor: float
    headline: float
    quantile: float
    baseline: float
    span: int
    half_life: int
    gap: int
    price_max: float
    escalation: float
    lateness: int
    volume: int
    quiet: int
    record_floor: float


@kernel
def evaluate_gates(mine, market, sketches, clock, rules):
    """Evaluate the gates of an episode; return what to report."""
    size = min(mine.notional, mine.gain)
    mine.share = mine.notional / max(market.volume, mine.notional)
    vwap = mine.notional / mine.contracts
    paid = 1.0 - vwap if mine.side < 0 else vwap
    mine.rank, mine.rank_n = rank_in(market, sketches, clock, size, rules)
    mine.judged = 1
    mine.gates = 0
    if size < rules.floor:
        mine.gates |= SMALL_GAIN
    if paid >= rules.price_max:
        mine.gates |= DEAR
    what = 0
    if mine.gates == 0 and not mine.large:
        mine.large = 1
        what |= LARGE
    if np.isnan(mine.rank):
        if size < rules.headline:
            mine.gates |= BELOW_HEADLINE
    elif mine.rank < rules.quantile:
        mine.gates |= USUAL
    if mine.gates == 0 and size >= rules.escalation * mine.told:
        mine.told = size
        what |= REPORTED
    return what


@kernel
def end_episode(at, when, clock, rules, arrays, out, count):
    """End an episode at `when`, and add its size to the distribution of its market."""
    markets, sketches, episodes, heads = arrays
    mine = episodes[at]
    market = markets[mine.market]
    what = 0
    if mine.judged and mine.told == 0.0:
        what |= SILENCED
    if mine.wallet != UNKNOWN and mine.side != 0 and market.told and mine.notional >= rules.record_floor:
        what |= ENDED
    if what:
        write_found(out[count], mine, market, when, what)
        count += 1
    learn_size(market, sketches, clock, mine.touched_at, min(mine.notional, mine.gain), rules.half_life)
    remove_episode(episodes, heads, clock, at)
    return count


@kernel
def write_found(found, mine, market, when, what):
    """Write the current state of an episode into a row of FOUND."""
    found.ts, found.what = when, what
    found.opened_at, found.first_at, found.last_at = mine.opened_at, mine.first_at, mine.last_at
    found.instrument, found.first, found.market, found.wallet = (
        mine.instrument,
        market.first,
        market.market,
        mine.wallet,
    )
    found.notional, found.gain, found.contracts = mine.notional, mine.gain, mine.contracts
    found.rank, found.rank_n, found.share = mine.rank, mine.rank_n, mine.share
    found.fills, found.revision, found.gates, found.side = mine.fills, mine.revision, mine.gates, mine.side
    found.answer = mine.answer
