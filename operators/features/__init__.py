"""What is measured, one feature per file.

A feature is a kernel over the rows of a Slice, in order. For row i it finds

- `tape[:, at[i]]`, the row's own bar, and left of it the earlier bars of the same instrument and
  frame: `tape[CLOSE, at[i] - n + 1 : at[i] + 1]` are the last n closes, oldest first, valid where
  `seen[i] >= n`; there are `lookback - 1` places at least, even before an instrument's first bar;
- `state[lane[i]]`, what it remembered of that instrument and frame; where `seen[i] == 1` the
  instrument is new and the state is to be begun anew;

and writes `out[:, i]`; what it writes where `seen[i] < lookback` is of no matter. It reads nothing to
the right of `at[i]`. Rows of one instrument and frame stand together, oldest first, on the tape as in
`at`; among them `seen` may begin anew, where a slot went to another instrument.

**What there is to build with**, in `operators.kernels`:

- `stretches`: `stretch_end` goes through the rows by stretches, which stand side by side on the tape;
  `covered` is what the windows of one cover;
- `windows`: what one window amounts to: `total`, `squares`, `walked`, `highest`, `lowest`,
  `since_highest`, `since_lowest`; and `greater` and `less` of two numbers;
- `averages`: `seeded`, the next value of an exponential average, and `exponential` for all rows;
- `relative_strength`: Wilder's index of all rows; `swings`: swing highs and lows; `logarithm`: `ln`;
- rows of the tape that follow from others: `TYPICAL`, `TRUE_RANGE` and `LOG_RETURN`.

**How it gets fast.** `sma` is the pattern of a window and `macd` that of a recursion; `mfi` makes a number
of each bar first, `kama` has a window and a recursion. A loop over the rows of a stretch runs four rows
at a time if the compiler sees that

- nothing branches: compute both and choose, `result[each] = ratio if way > 0.0 else 0.0`; what is chosen
  from is at hand and a float, not read from an array there. `ln`, `greater` and `less` are such,
  `np.log`, `max` and `min` are not;
- the period is a constant of the file: then the window, `for step in range(PERIOD)`, is unrolled. Beyond
  some 35 bars it would not be;
- not too much meets in it: several outputs that each have a window of their own may have to be several
  loops (`aroon` takes five times as long in one);
- no row waits for the one before: a recursion is a loop over all rows of its own, when all stretches are
  done (`kama` takes three times as long live with both in one).

Live a stretch is one row, and each loop in it costs some nanoseconds before it does anything. So what
needs no window goes over all rows at once (`parkinson`, the end of `aroon`), and a number of each bar is
made first only where it is dear. Measure both: all bars in one batch, and a batch for each bar.
"""

from collections.abc import Callable, Mapping
from functools import update_wrapper
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from operators.kernels import kernel
from operators.kernels.derived import DERIVED, derive

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Kernel = Callable[[Floats, Ints, Ints, Ints, Floats, Floats], None]

TAPE = (
    *("open", "high", "low", "close", "volume", "quote_volume", "buy_volume", "trades", "largest"),
    *("close_time_s", "incomplete"),
)
OPEN, HIGH, LOW, CLOSE, VOLUME, QUOTE_VOLUME, BUY_VOLUME, TRADES, LARGEST, CLOSE_TIME, INCOMPLETE = range(len(TAPE))
"""Rows of the tape. `close_time_s` is in seconds since 1970, right-open: the first instant after the bar.
`incomplete` is 1 where trades are missing; such a bar is no part of a volume baseline. `open`, `largest`
and `close_time_s` are known of the row's own bar only, and may be NaN left of it."""
TYPICAL, TRUE_RANGE, LOG_RETURN = range(len(TAPE), len(TAPE) + len(DERIVED))
"""Rows that follow from the others: (H + L + C) / 3; max(H, C_{t-1}) - min(L, C_{t-1}); ln(C / C_{t-1}).
The last two read the bar before: they mean nothing where `seen[i] == 1`."""


class Feature:
    """A feature: its kernel, and what others must know to use it.

    Attributes
    ----------
    name
        The file's name.
    columns
        The names of its values, in the order of `out`.
    lookback
        Bars it reads from the tape, its own included.
    state
        Numbers it remembers for each instrument and frame.
    warmup
        Bars before its value is given out; until then it is NaN. For recursive averages this is
        where what came before the first bar weighs less than 0.1 %: ln(0.001) / ln(1 - alpha).
    unit
        Of its values, in words.
    low, high
        The range of its values.
    """

    def __init__(
        self,
        function: Kernel,
        *,
        columns: tuple[str, ...],
        lookback: int,
        state: int,
        warmup: int,
        unit: str,
        low: float,
        high: float,
    ) -> None:
        # Also what lets doctest find the example in the kernel's docstring.
        update_wrapper(cast(Any, self), function)
        self.name = function.__name__
        self.columns = columns or (self.name,)
        self.lookback, self.state, self.warmup = lookback, state, warmup
        self.unit, self.low, self.high = unit, low, high
        self.kernel: Kernel = kernel(function)

    @property
    def doc(self) -> str:
        """The first line of its documentation."""
        return (self.__doc__ or "").strip().splitlines()[0]

    def over(self, bars: Mapping[str, ArrayLike], *, warm: bool = True) -> Floats:
        """Its values over the bars of one instrument.

        Parameters
        ----------
        bars
            Columns of `TAPE` by name; `close` is needed, the prices left out equal it, the rest is 0.
        warm
            Whether values before `warmup` are NaN; if not, all that have `lookback` bars are given.

        Returns
        -------
        ndarray
            (columns, bars), oldest first.
        """
        tape = tape_of(bars, self.lookback)
        rows = np.arange(tape.shape[1] - self.lookback)
        out = np.full((len(self.columns), rows.size), np.nan)
        state = np.zeros((1, self.state))
        self.kernel(tape, rows + self.lookback, rows + 1, np.zeros_like(rows), state, out)
        out[:, : (self.warmup if warm else self.lookback) - 1] = np.nan
        return out


def tape_of(bars: Mapping[str, ArrayLike], before: int) -> Floats:
    """The tape of one instrument's bars, after `before` places without one; see `Feature.over`."""
    close = np.asarray(bars["close"], float)
    tape = np.zeros((len(TAPE) + len(DERIVED), before + close.size))
    for at, name in enumerate(TAPE):
        tape[at, before:] = np.asarray(bars.get(name, close if at <= CLOSE else 0.0), float)
    derive(tape)
    return tape


def feature(
    *,
    unit: str,
    lookback: int = 1,
    state: int = 0,
    warmup: int | None = None,
    columns: tuple[str, ...] = (),
    low: float = -np.inf,
    high: float = np.inf,
) -> Callable[[Kernel], Feature]:
    """Make a `Feature` of a kernel; see there. `warmup` is `lookback` unless given."""
    options: dict[str, Any] = {"unit": unit, "lookback": lookback, "state": state, "columns": columns}
    return lambda function: Feature(function, warmup=warmup or lookback, low=low, high=high, **options)
