"""Settings of the simulated prediction markets."""

import msgspec

from domain.clock import HOUR, MINUTE
from domain.errors import SettingError

PIECE_NS = 10 * MINUTE
"""Markets open and are resolved at multiples of it, and every book gets a snapshot at each."""


class SimPredictionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Section `[simulated_markets]`, or SIGNALENGINE_SIMULATED_MARKETS_<NAME>.

    The markets are a function of these settings and of time alone. A group exists for one round; when it is
    resolved, another of its kind opens.

    Attributes
    ----------
    singles, events, open_events, ladders
        Number of groups at any time: single markets; exhaustive events; events with unlisted outcomes; ladders
        of strikes.
    seed
        Seed of the random numbers.
    round_h
        Hours from the opening of a group to its resolution, a multiple of ten minutes.
    trades_per_minute
        Average number of trades of each market, without whales.
    whales_per_day
        Average number of single whales in each group; if above 0, several whales trade together in some rounds,
        and some follow an arbitrage.
    baskets_per_day
        How often each group that can have one has an arbitrage that pays, for some seconds; and equally often
        one whose fees exceed its profit.
    edge
        How much skilled whales and informed traders know of the outcome: 0 nothing, 1 nearly all. It exists so
        that there are track records to find; it says nothing about real wallets, of which studies found hardly
        any with such skill.
    history_h
        Hours of history that a live collector writes first, as fast as possible, so that live data meets
        track records and quantiles with enough observations; at most the hours of `[sim]`.
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
        """Validate the settings and return them.

        Raises
        ------
        SettingError
            If one is out of range; the message names it and what to change.
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
