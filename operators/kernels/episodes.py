"""Episodes: runs of fills of one wallet, token and side in quick succession, and their markets.

Open episodes are stored in a pool with a chained hash table, and in one linked list ordered by last update, so that
expired episodes are at its head. Slot 0 is not a market: its sketch is that of all markets together.
"""

import numpy as np

from operators.kernels import kernel
from operators.kernels.sketch import fade, place_of, rank_of, rank_then_add
from operators.kernels.slots import find_slot

EPISODE = np.dtype(
    [(name, "<i8") for name in ("wallet", "instrument", "market", "opened_at", "first_at", "last_at", "touched_at")]
    + [(name, "<i8") for name in ("chain", "older", "newer")]
    + [(name, "<f8") for name in ("notional", "gain", "contracts", "told", "rank", "rank_n", "share")]
    + [(name, "<i4") for name in ("fills", "revision")]
    + [("side", "i1"), ("answer", "i1"), ("large", "u1"), ("judged", "u1"), ("gates", "<u2"), ("spare", "<u2")]
)
"""`market` is a slot, `answer` +1 or -1 for the market's first or second token; `told` is the size at the last report;
`large`: whether it was reported as large; `judged`: whether its gates were evaluated."""
MARKET = np.dtype(
    [(name, "<i8") for name in ("slot", "market", "first", "second")]
    + [(name, "<i8") for name in ("seen_at", "started_at", "faded_at", "volume_at", "due_at")]
    + [("volume", "<f8"), ("state", "<i4"), ("told", "<i4")]
)
"""Slot and number of the market, and numbers of its tokens (0: none); time of its newest trade, or of its resolution;
end of its first episode (UNSET: none); last decay of its sketch; trailing volume in dollars, as of `volume_at`; due
date (0: unknown); `told`: 1 for a market from the venue, 0 for a token without a known market."""
VACANT, OPEN, OVER = 0, 1, 2
UNSET = -(1 << 62)
NONE = -1
"""No episode: the end of a hash chain or of the list."""

NOW, ROTATE_AT, STARTED_AT, FADED_AT, SEEN, HALF, EPISODES, FREE, OLDEST, NEWEST, MARKETS, FREE_MARKETS = range(12)
CLOCK = 12
"""Newest time; time at which the older ids are dropped; end of the first episode, and last decay of the sketch of all
markets; number of ids in the newer half; index of that half; pool entries ever used; head of the free list; ends of
the list; market slots ever used; number of free slots."""

UNIT = 1e-6
"""Sketches store dollars in millions: their range is from 1 dollar to 1 million."""
_MIX = np.uint64(0x9E3779B97F4A7C15)
_MIX_AGAIN = np.uint64(0xBF58476D1CE4E5B9)


@kernel
def mixed(one, other):
    """Hash two numbers to 64 bits."""
    value = (np.uint64(one) * _MIX) ^ np.uint64(other)
    value = (value ^ (value >> np.uint64(29))) * _MIX_AGAIN
    return value ^ (value >> np.uint64(32))


@kernel
def chain_of(heads, wallet, instrument, side):
    """Index into `heads` of the hash chain of an episode."""
    return np.int64(mixed(wallet + side, instrument) & np.uint64(heads.size - 1))


@kernel
def find_episode(episodes, heads, wallet, instrument, side):
    """Index of the open episode, or NONE."""
    at = heads[chain_of(heads, wallet, instrument, side)]
    while at != NONE:
        each = episodes[at]
        if each.wallet == wallet and each.instrument == instrument and each.side == side:
            break
        at = each.chain
    return at


@kernel
def append_newest(episodes, clock, at):
    """Append an episode to the list as the most recently updated."""
    episodes[at].older, episodes[at].newer = clock[NEWEST], NONE
    if clock[NEWEST] == NONE:
        clock[OLDEST] = at
    else:
        episodes[clock[NEWEST]].newer = at
    clock[NEWEST] = at


@kernel
def unlink(episodes, clock, at):
    """Remove an episode from the list."""
    older, newer = episodes[at].older, episodes[at].newer
    if older == NONE:
        clock[OLDEST] = newer
    else:
        episodes[older].newer = newer
    if newer == NONE:
        clock[NEWEST] = older
    else:
        episodes[newer].older = older


@kernel
def open_episode(episodes, heads, clock, wallet, instrument, side):
    """Allocate an empty episode, in its hash chain and at the end of the list."""
    at = clock[FREE]
    if at != NONE:
        clock[FREE] = episodes[at].chain
    else:
        at = clock[EPISODES]
        clock[EPISODES] += 1
    mine = episodes[at]
    mine.wallet, mine.instrument, mine.side = wallet, instrument, side
    mine.notional = mine.gain = mine.contracts = mine.told = 0.0
    mine.rank, mine.rank_n = np.nan, 0.0
    mine.fills = mine.revision = 0
    mine.large = mine.judged = mine.gates = 0
    head = chain_of(heads, wallet, instrument, side)
    mine.chain = heads[head]
    heads[head] = at
    append_newest(episodes, clock, at)
    return at


@kernel
def remove_episode(episodes, heads, clock, at):
    """Remove an episode from its hash chain and the list, and free its entry."""
    mine = episodes[at]
    head = chain_of(heads, mine.wallet, mine.instrument, mine.side)
    before = heads[head]
    if before == at:
        heads[head] = mine.chain
    else:
        while episodes[before].chain != at:
            before = episodes[before].chain
        episodes[before].chain = mine.chain
    unlink(episodes, clock, at)
    mine.chain = clock[FREE]
    clock[FREE] = at


@kernel
def chain_all(episodes, heads, clock):
    """Rebuild the hash chains from the list."""
    at = clock[OLDEST]
    while at != NONE:
        mine = episodes[at]
        head = chain_of(heads, mine.wallet, mine.instrument, mine.side)
        mine.chain = heads[head]
        heads[head] = at
        at = mine.newer


@kernel
def index_tokens(keys, places, markets, first, last):
    """Insert the tokens of the markets in slots `first` to `last` - 1 into the hash table."""
    for slot in range(first, last):
        mine = markets[slot]
        for which in range(2):
            token = mine.second if which else mine.first
            if token:
                at = find_slot(keys, places, token)
                keys[at], places[at] = token, 2 * slot + which


@kernel
def learn_size(market, sketches, clock, at_ns, size, half_life):
    """Add the size of an ended episode (dollars) to the size distributions of its market and of all markets."""
    place = place_of(size * UNIT)
    if market.started_at == UNSET:
        market.started_at = market.faded_at = at_ns
        sketches[market.slot] = 0.0
    if clock[STARTED_AT] == UNSET:
        clock[STARTED_AT] = clock[FADED_AT] = at_ns
    if at_ns > market.faded_at:
        fade(sketches[market.slot], 2.0 ** (-(at_ns - market.faded_at) / half_life))
        market.faded_at = at_ns
    if at_ns > clock[FADED_AT]:
        fade(sketches[0], 2.0 ** (-(at_ns - clock[FADED_AT]) / half_life))
        clock[FADED_AT] = at_ns
    rank_then_add(sketches[market.slot], place, 1.0)
    rank_then_add(sketches[0], place, 1.0)


@kernel
def rank_in(market, sketches, clock, size, rules):
    """Fraction of recent episodes smaller than `size` dollars, in the market and, as a prior, in all markets.

    Where a market has few episodes, or was observed for less than `span`, its distribution is shrunk to that of
    all markets: the posterior mean of a Dirichlet process with that base distribution.

    Returns
    -------
    tuple
        The fraction, NaN while all markets together have too few; and the decayed number of the market's episodes.

    References
    ----------
    Ferguson, A Bayesian Analysis of Some Nonparametric Problems, 1973.
    """
    place = place_of(size * UNIT)
    weight = 0.0
    own = 0.0
    if market.started_at != UNSET:
        own, count = rank_of(sketches[market.slot], place)
        weight = count * 2.0 ** (-(clock[NOW] - market.faded_at) / rules.half_life)
    if clock[STARTED_AT] == UNSET or clock[NOW] - clock[STARTED_AT] < rules.span:
        return np.nan, weight
    overall, count = rank_of(sketches[0], place)
    if count * 2.0 ** (-(clock[NOW] - clock[FADED_AT]) / rules.half_life) < rules.baseline:
        return np.nan, weight
    trusted = weight * min(1.0, (clock[NOW] - market.started_at) / rules.span) if weight > 0.0 else 0.0
    return (trusted * own + rules.baseline * overall) / (trusted + rules.baseline), weight
