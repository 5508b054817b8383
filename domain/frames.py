"""Frame: a bar length such as 1m, 5m or 1h, and the rule for combining frames.

Bars are right-open and aligned to the epoch, as venues' own klines are: the bar with index k of a
frame of length d covers [k d, (k + 1) d).
"""

import re
from itertools import pairwise
from typing import NamedTuple

from domain import clock
from domain.errors import SettingError

MAX_FRAMES = 8
"""Maximum number of frames of a pipeline; the width of the per-frame columns of a candidate."""

_UNITS = {"s": clock.SECOND, "m": clock.MINUTE, "h": clock.HOUR, "d": clock.DAY}
_FORM = re.compile(r"([1-9][0-9]{0,4})([smhd])")


class Frame(NamedTuple):
    """A bar length.

    Examples
    --------
    >>> Frame.parse("60m")
    Frame(name='1h', length_ns=3600000000000)
    """

    name: str
    length_ns: int

    @classmethod
    def parse(cls, text: str) -> "Frame":
        """The frame that `text` names; 60m and 1h are one frame.

        Raises
        ------
        SettingError
            If `text` is not a number and one of s, m, h, d.
        """
        match = _FORM.fullmatch(text.strip().lower())
        if match is None:
            raise SettingError(f"timeframe {text!r} is not a length; write a number and s, m, h or d, such as 5m")
        length_ns = int(match[1]) * _UNITS[match[2]]
        unit = next(u for u in ("d", "h", "m", "s") if length_ns % _UNITS[u] == 0)
        return cls(f"{length_ns // _UNITS[unit]}{unit}", length_ns)


def parse_frames(names: tuple[str, ...]) -> tuple[Frame, ...]:
    """The frames, finest first; each is folded from closed bars of the finest.

    Raises
    ------
    SettingError
        If a name is malformed, one comes twice, there are more than `MAX_FRAMES`, or a frame is not
        a whole multiple of the finest.
    """
    frames = tuple(sorted((Frame.parse(name) for name in names), key=lambda frame: frame.length_ns))
    if not 1 <= len(frames) <= MAX_FRAMES:
        raise SettingError(f"{len(frames)} timeframes given; give 1 to {MAX_FRAMES}")
    for frame, following in pairwise(frames):
        if frame == following:
            raise SettingError(f"timeframe {frame.name!r} is given twice; give it once")
    check_multiples(frames)
    return frames


def check_multiples(frames: tuple[Frame, ...]) -> None:
    """Check that all frames can be folded from closed bars of the first.

    1m, 7m and 15m are compatible, since each is a whole number of minutes; 2m and 5m are not.

    Raises
    ------
    SettingError
        If a frame is not a whole multiple of the first.
    """
    for frame in frames:
        if frame.length_ns % frames[0].length_ns:
            raise SettingError(
                f"timeframe {frame.name!r} is not a multiple of {frames[0].name!r}, from which it is folded; "
                f"leave one of them out"
            )
