"""Settings of the simulated market and of its playback."""

import msgspec

from domain.clock import DAY, parse_iso
from domain.errors import SettingError
from domain.instruments import check_name

VENUE = "sim"
EPOCH_NS = parse_iso("2020-01-01T00:00:00Z")
"""Start of the simulated market."""


class SimSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Section `[sim]`, or SIGNALENGINE_SIM_<NAME>.

    The market is a function of `symbols`, `seed`, `trades_per_second`, `edge` and time alone; the other
    settings select the time range that is played, and its speed.

    Attributes
    ----------
    symbols
        Symbols to simulate. The trades of a symbol do not depend on the others.
    seed
        Seed of the random numbers.
    trades_per_second
        Average number of trades of each symbol.
    edge
        How predictable the market is. At 1 trends last for hours, so that some strategies earn their costs
        on some symbols and there is something to learn. At 0 nothing is predictable, and an engine that has
        learned this emits no signals. Neither says anything about real markets.
    history_s
        Seconds of history that are played as fast as possible when the log is empty, so that slow
        features are warm from the start.
    lead_s
        Seconds between the history and the current time that are played at `speed`, so that activity is
        visible at once.
    speed
        Simulated seconds per second, until the simulation has caught up with the clock; then it runs in
        real time.
    start
        Start of the simulation if the log is empty, such as 2024-01-01T00:00:00Z; empty:
        `history_s` and `lead_s` before now.
    end
        End of the simulation; empty: never.
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
        """Validate the settings and return them.

        Raises
        ------
        SettingError
            If one is out of range; the message names it and what to change.
        """
        if not self.symbols or len(set(self.symbols)) < len(self.symbols):
            raise SettingError(f"symbols {', '.join(self.symbols) or '(none)'} must be one or more, without duplicates")
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
            raise SettingError(f"end {self.end!r} must be after start {self.start!r}")
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
