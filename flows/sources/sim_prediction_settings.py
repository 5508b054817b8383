"""Settings of the simulated prediction markets."""

import msgspec

from domain.clock import HOUR, MINUTE
from domain.errors import SettingError

PIECE_NS = 10 * MINUTE
"""Markets open and are resolved on multiples of it, and every book is told whole at each."""


class SimPredictionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Section `[simulated_markets]`, or SIGNALENGINE_SIMULATED_MARKETS_<NAME>.

    The markets are a function of these and of the time alone. A group lives for a round; when it is
    resolved, another of its kind opens in its place.

    Attributes
    ----------
    singles, events, open_events, ladders
        How many groups there are at a time: single markets; events whose answers are all there are;
        events that leave some answers out; ladders of strikes.
    seed
        Another seed is other markets.
    round_h
        Hours from the opening of a group to its resolution, a multiple of ten minutes.
    trades_per_minute
        Of each market on average, whales aside.
    whales_per_day
        Whales that come alone to each group on average; with any, several come together in some rounds, and
        some follow baskets that pay.
    baskets_per_day
        How often each group that can have one has a basket that pays, for some seconds; and as often one
        that only seems to.
    edge
        How much of the outcome sharp whales and the informed know: 0 nothing, 1 nearly all. That is so that
        there are records to find; it says nothing of real wallets, of which studies found next to none.
    history_h
        Hours of markets that a live collector tells first, at once, so that what comes live meets records
        and quantiles that know something; at most the hours of `[sim]`.
    """

    singles: int = 3
    events: int = 3
    open_events: int = 1
    ladders: int = 1
    seed: int = 1
    round_h: float = 24.0
    trades_per_minute: float = 3.0
    whales_per_day: float = 3.0
    baskets_per_day: float = 8.0
    edge: float = 1.0
    history_h: float = 36.0

    def checked(self) -> "SimPredictionSettings":
        """These settings, if they fit together.

        Raises
        ------
        SettingError
            If one is out of range; the message names it and the way out.
        """
        for name in ("singles", "events", "open_events", "ladders"):
            if not 0 <= getattr(self, name) <= 1_000:
                raise SettingError(f"{name} {getattr(self, name)} must lie between 0 and 1000")
        if not self.singles + self.events + self.open_events + self.ladders:
            raise SettingError("singles, events, open_events and ladders are all 0; set one of them to 1 or more")
        limits = {
            "round_h": (1.0, 240.0),
            "trades_per_minute": (0.01, 1_000.0),
            "whales_per_day": (0.0, 1_000.0),
            "baskets_per_day": (0.0, 1_000.0),
            "edge": (0.0, 1.0),
            "history_h": (0.0, 10_000.0),
        }
        for name, (least, most) in limits.items():
            if not least <= getattr(self, name) <= most:
                raise SettingError(f"{name} {getattr(self, name)} must lie between {least:g} and {most:g}")
        if round(self.round_h * HOUR) % PIECE_NS:
            raise SettingError(f"round_h {self.round_h:g} must be whole ten minutes, such as 1.5")
        return self

    @property
    def round_ns(self) -> int:
        """`round_h` in nanoseconds."""
        return round(self.round_h * HOUR)
