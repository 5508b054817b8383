"""Settings of the simulator and of how its market is played."""

import msgspec

from domain.clock import DAY, parse_iso
from domain.errors import SettingError
from domain.instruments import check_name

VENUE = "sim"
EPOCH_NS = parse_iso("2020-01-01T00:00:00Z")
"""The simulated market begins here."""


class SimSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Section `[sim]`, or SIGNALENGINE_SIM_<NAME>.

    The market is a function of `symbols`, `seed`, `trades_per_second` and `edge` and of the time alone;
    the others say which stretch of it is played, and how fast.

    Attributes
    ----------
    symbols
        What is traded. A symbol's trades do not depend on the others.
    seed
        Another seed is another market.
    trades_per_second
        Of each symbol, on average.
    edge
        How much of the market can be foreseen. At 1 it is made to pay: trends last for hours, so that
        some strategies earn their costs on some symbols and there is something to learn. At 0 nothing
        can be known, and an engine that has noticed is silent. Neither says anything of real markets.
    history_s
        Seconds of the past that are played as fast as possible when the log is empty, so that slow
        features are warm from the beginning.
    lead_s
        Seconds after that and before now that are played at `speed`, so that there is something to see.
    speed
        Simulated seconds in a second, until the simulation has caught up with the clock; then it keeps
        to real time.
    start
        When the simulation begins, if the log is empty, such as 2024-01-01T00:00:00Z; empty:
        `history_s` and `lead_s` before now.
    end
        When it ends; empty: never.
    """

    symbols: tuple[str, ...] = (
        "BTCUSDT",
        "ETHUSDT",
        "SOLUSDT",
        "BNBUSDT",
        "XRPUSDT",
        "ADAUSDT",
        "DOGEUSDT",
        "LINKUSDT",
        "AVAXUSDT",
        "LTCUSDT",
    )
    seed: int = 1
    trades_per_second: float = 1.0
    edge: float = 1.0
    history_s: float = 5 * 86_400.0
    lead_s: float = 3_600.0
    speed: float = 60.0
    start: str = ""
    end: str = ""

    def checked(self) -> "SimSettings":
        """These settings, if they fit together.

        Raises
        ------
        SettingError
            If one is out of range; the message names it and the way out.
        """
        if not self.symbols or len(set(self.symbols)) < len(self.symbols):
            raise SettingError(f"symbols {', '.join(self.symbols) or '(none)'} must be at least one, each of them once")
        for symbol in self.symbols:
            check_name(f"{VENUE}:{symbol}")
        limits = {
            "trades_per_second": (0.01, 1_000.0),
            "edge": (0.0, 4.0),
            "history_s": (0.0, 1e8),
            "lead_s": (0.0, 1e8),
            "speed": (1.0, 1e6),
        }
        for name, (least, most) in limits.items():
            if not least <= getattr(self, name) <= most:
                raise SettingError(f"{name} {getattr(self, name)} must lie between {least:g} and {most:g}")
        start_ns, end_ns = self.start_ns, self.end_ns
        if start_ns is not None and end_ns is not None and end_ns <= start_ns:
            raise SettingError(f"end {self.end!r} must come after start {self.start!r}")
        return self

    @property
    def start_ns(self) -> int | None:
        """`start` as nanoseconds."""
        return self._time("start")

    @property
    def end_ns(self) -> int | None:
        """`end` as nanoseconds."""
        return self._time("end")

    def _time(self, name: str) -> int | None:
        text: str = getattr(self, name)
        if not text:
            return None
        try:
            at_ns = parse_iso(text)
        except ValueError:
            raise SettingError(f"{name} {text!r} is not a time; write it like 2024-01-01T00:00:00Z") from None
        if at_ns < EPOCH_NS + DAY:
            raise SettingError(f"{name} {text!r} must be later than 2020-01-01, when the simulated market begins")
        return at_ns
