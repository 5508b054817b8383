"""Settings of the engine: those that decide its output, and those of recovery, health and addresses."""

from pathlib import Path

import msgspec

from domain.clock import HOUR, SECOND
from domain.environ import read
from domain.errors import SettingError
from domain.frames import Frame, parse_frames


class EngineSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Section `[engine]`, or SIGNALENGINE_ENGINE_<NAME>.

    Attributes
    ----------
    timeframes
        Frames of bars and features, finest first; all are folded from the first.
    primary_timeframe
        The frame whose closed bars trigger decisions.
    mtf_alignment_required
        Whether a candidate on which too few frames agree is suppressed. It is still graded.
    mtf_min_aligned
        Number of frames that must agree with the direction of a signal.
    reference_symbol
        The symbol relative to which correlation and beta of the others at its venue are computed.
    lateness_s
        Allowed lateness: seconds that a trade may be behind the newest event time. A larger value delays
        each bar by as much; at most the finest frame.
    quiet_h
        Hours without a trade after which the state of an instrument is dropped.
    fee_bps, slippage_bps
        Cost of each side of a trade, in basis points.
    epoch_ms
        Milliseconds between two snapshots. A shorter epoch replays less after a crash, and pauses more often.
    recovery_directory
        Where snapshots are stored; empty for `recovery` in the services' directory.
    recovery_partitions
        Number of files for snapshots; fixed when the directory is created. Use at least the largest number
        of workers planned; each more adds a few writes at the end of an epoch.
    host, port
        Address of the engine's /livez, /readyz and /metrics.
    stalled_s
        Seconds without progress after which the engine exits, so that its supervisor restarts it.
    """

    timeframes: tuple[str, ...] = ("1m", "5m", "15m", "1h")
    primary_timeframe: str = "5m"
    mtf_alignment_required: bool = True
    mtf_min_aligned: int = 2
    reference_symbol: str = "BTCUSDT"
    lateness_s: float = 1.0
    quiet_h: float = 72.0
    fee_bps: float = 5.0
    slippage_bps: float = 1.0
    epoch_ms: int = 250
    recovery_directory: str = ""
    recovery_partitions: int = 1
    host: str = "127.0.0.1"
    port: int = 9100
    stalled_s: float = 60.0

    @classmethod
    def from_environ(cls, environ: dict[str, str]) -> "EngineSettings":
        """Read and check; see `domain.environ.read`."""
        return read(cls, "engine", environ).checked()

    def checked(self) -> "EngineSettings":
        """Validate the settings and return them.

        Raises
        ------
        SettingError
            If one is out of range or contradicts another; the message names it and what to change.
        """
        frames = self.frames
        if self.primary not in frames:
            names = ", ".join(frame.name for frame in frames)
            raise SettingError(f"primary_timeframe {self.primary_timeframe!r} is not among timeframes {names}; add it")
        if not 1 <= self.mtf_min_aligned <= len(frames):
            raise SettingError(
                f"mtf_min_aligned {self.mtf_min_aligned} must lie between 1 and {len(frames)}, the timeframes"
            )
        if not 0 <= self.lateness_ns <= frames[0].length_ns:
            raise SettingError(
                f"lateness_s {self.lateness_s} must lie between 0 and {frames[0].name}, the finest timeframe"
            )
        for name in ("quiet_h", "epoch_ms", "recovery_partitions", "stalled_s"):
            if getattr(self, name) <= 0:
                raise SettingError(f"{name} {getattr(self, name)} must be above 0")
        for name in ("fee_bps", "slippage_bps"):
            if getattr(self, name) < 0:
                raise SettingError(f"{name} {getattr(self, name)} must not be negative")
        return self

    def over(self, base: Frame) -> "EngineSettings":
        """These settings for input bars of frame `base`: no finer frame, and no lateness.

        Raises
        ------
        SettingError
            If the primary frame cannot be folded from bars of `base`.
        """
        kept = tuple(f.name for f in self.frames if f.length_ns >= base.length_ns and f.length_ns % base.length_ns == 0)
        if base.name not in kept:
            kept = (base.name, *kept)
        if self.primary.name not in kept:
            raise SettingError(
                f"primary_timeframe {self.primary.name!r} cannot be made of {base.name} bars; "
                f"choose one of {', '.join(kept)}"
            )
        return msgspec.structs.replace(
            self, timeframes=kept, lateness_s=0.0, mtf_min_aligned=min(self.mtf_min_aligned, len(kept))
        )

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The frames, finest first."""
        return parse_frames(self.timeframes)

    @property
    def primary(self) -> Frame:
        """The frame whose closed bars trigger decisions."""
        return Frame.parse(self.primary_timeframe)

    @property
    def lateness_ns(self) -> int:
        """`lateness_s` in nanoseconds."""
        return round(self.lateness_s * SECOND)

    @property
    def quiet_ns(self) -> int:
        """`quiet_h` in nanoseconds."""
        return round(self.quiet_h * HOUR)

    def recovery_in(self, services: Path) -> Path:
        """The recovery directory; `services` is the services' directory."""
        return Path(self.recovery_directory) if self.recovery_directory else services / "recovery"
