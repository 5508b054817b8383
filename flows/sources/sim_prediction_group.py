"""A simulated group of prediction markets, from its opening to its resolution, with its metadata.

Exactly one of several outcomes comes true; each market pays for a subset of them. An event has one outcome per
market, and one more without a market if it is not exhaustive; a ladder of strikes has one outcome between each
two strikes.
"""

from decimal import Decimal
from typing import Any, Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.markets import FeeSchedule, Group, Market, Token
from flows.sources.sim_market import generator
from flows.sources.sim_prediction_settings import SimPredictionSettings
from flows.sources.sim_settings import VENUE

FEES = FeeSchedule(kind="polymarket", rate=Decimal("0.04"))
Kind = Literal["single", "event", "open", "ladder"]


class GroupKey(NamedTuple):
    """Key of a group: its kind, its number among those of this kind, and its round since 1970."""

    kind: Kind
    number: int
    round: int


class DrawnGroup(NamedTuple):
    """The random properties of a group, drawn at its opening.

    Attributes
    ----------
    group
        The group as it opens.
    pays_yes
        (markets, outcomes), whether the market's first answer pays if that outcome comes true.
    prior
        (outcomes,), probabilities at the opening.
    winner
        The outcome that comes true.
    opens_ns, closes_ns
        Start and end of its lifetime.
    """

    group: Group
    pays_yes: NDArray[np.bool_]
    prior: NDArray[np.float64]
    winner: int
    opens_ns: int
    closes_ns: int

    @property
    def truth(self) -> NDArray[np.bool_]:
        """(markets,), whether the first answer pays."""
        return self.pays_yes[:, self.winner]

    @property
    def resolved(self) -> Group:
        """The group after its resolution."""
        markets = tuple(
            msgspec.structs.replace(market, status="resolved", winner=(market.yes if true else market.no).name)
            for market, true in zip(self.group.markets, self.truth.tolist(), strict=True)
        )
        return msgspec.structs.replace(self.group, markets=markets)


def group_keys(settings: SimPredictionSettings) -> list[tuple[Kind, int]]:
    """Kind and number of the groups that exist at any time."""
    kinds: tuple[tuple[Kind, int], ...] = (
        ("single", settings.singles),
        ("event", settings.events),
        ("open", settings.open_events),
        ("ladder", settings.ladders),
    )
    return [(kind, number) for kind, count in kinds for number in range(count)]


def draw(settings: SimPredictionSettings, key: GroupKey) -> DrawnGroup:
    """The group of a key."""
    kind, _, turn = key
    rng = generator(settings.seed, *key, "group")
    pays_yes = _payoffs(kind, rng)
    prior = rng.dirichlet(np.full(pays_yes.shape[1], 3.0))
    winner = int(rng.choice(prior.size, p=prior))
    opens_ns = turn * settings.round_ns
    group = _group(key, len(pays_yes), opens_ns + settings.round_ns)
    return DrawnGroup(group, pays_yes, prior, winner, opens_ns, opens_ns + settings.round_ns)


def _payoffs(kind: Kind, rng: np.random.Generator) -> NDArray[np.bool_]:
    if kind == "single":
        return np.array([[True, False]])
    if kind == "ladder":
        return ~np.tri(3, 4, dtype=np.bool_)
    markets = int(rng.integers(3, 6))
    return np.eye(markets, markets + (kind == "open"), dtype=np.bool_)


def _group(key: GroupKey, count: int, closes_ns: int) -> Group:
    kind, number, turn = key
    slug = f"{kind}-{number}-{turn}"
    group: dict[str, Any] = {"name": f"{VENUE}:{slug}", "slug": f"simulated-{slug}"}
    markets = tuple(
        Market(
            name=f"{VENUE}:{slug}-{at}",
            slug=f"simulated-{slug}-{at}",
            question=f"Simulated: {_question(kind, at, slug)}",
            group=f"{VENUE}:{slug}",
            yes=Token(name=f"{VENUE}:{slug}-{at}-yes", outcome="Yes"),
            no=Token(name=f"{VENUE}:{slug}-{at}-no", outcome="No"),
            fees=FEES,
            tick=Decimal("0.01"),
            minimum_size=Decimal(5),
            mirrored=True,
            strike=Decimal(100 + 5 * at) if kind == "ladder" else None,
            closes_at_ns=closes_ns,
        )
        for at in range(count)
    )
    return Group(
        **group,
        title=f"Simulated {slug}",
        kind="event" if kind == "open" else kind,
        markets=markets,
        exclusive=kind in ("event", "open"),
        exhaustive=kind == "event",
        convertible=kind == "event",
    )


def _question(kind: Kind, at: int, slug: str) -> str:
    if kind == "ladder":
        return f"will {slug} end above {100 + 5 * at}?"
    return f"will {slug} happen?" if kind == "single" else f"will answer {at + 1} of {slug} come true?"
