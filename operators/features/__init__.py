"""Features: technical indicators, one per file.

A feature is a kernel over the rows of a Slice, in order. For row i it reads

- `tape[:, at[i]]`, the row's own bar, and to the left of it the earlier bars of the same instrument and
  frame: `tape[CLOSE, at[i] - n + 1 : at[i] + 1]` are the last n closes, oldest first, valid where
  `seen[i] >= n`; there are at least `lookback - 1` positions, even before an instrument's first bar;
- `state[lane[i]]`, its state for that instrument and frame; where `seen[i] == 1` the instrument is new
  and the state must be initialised;

and writes `out[:, i]`; values written where `seen[i] < lookback` are ignored. It must not read to the right
of `at[i]`. Rows of one instrument and frame are contiguous, oldest first, on the tape as in `at`; among them
`seen` restarts at 1 where a slot was reassigned to another instrument.

**Building blocks**, in `operators.kernels`:

- `stretches`: `stretch_end` splits the rows into runs that are contiguous on the tape; `covered` returns the
  values covered by the windows of a run;
- `windows`: reductions of one window: `total`, `squares`, `walked`, `highest`, `lowest`, `since_highest`,
  `since_lowest`; and `greater` and `less` of two numbers;
- `averages`: `seeded`, the next value of an exponential average, and `exponential` for all rows;
- `relative_strength`: Wilder's index for all rows; `swings`: swing highs and lows; `logarithm`: `ln`;
- derived rows of the tape: `TYPICAL`, `TRUE_RANGE` and `LOG_RETURN`.

**Performance.** `sma` is the template of a window and `macd` that of a recursion; `mfi` computes a value per
bar first, `kama` has a window and a recursion. The compiler vectorises a loop over the rows of a stretch, four
rows at a time, if

- it has no branches: compute both values and select, `result[each] = ratio if way > 0.0 else 0.0`, where both
  are local floats and not array reads. `ln`, `greater` and `less` are branch-free, `np.log`, `max` and `min`
  are not;
- the period is a module constant, so that the window loop `for step in range(PERIOD)` is unrolled. Beyond
  about 35 bars it is not;
- the loop is not too large: several outputs with a window each may need several loops (`aroon` takes five
  times as long in one);
- no row depends on the previous one: a recursion is a separate loop over all rows after all stretches
  (`kama` takes three times as long in live operation with both in one loop).

In live operation a stretch is one row, and each loop has a fixed cost of some nanoseconds. Therefore
computations without a window run over all rows at once (`parkinson`, the end of `aroon`), and values per bar are
precomputed only where they are expensive. Measure both cases: all bars in one batch, and one batch per bar.
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
`incomplete` is 1 where trades are missing; such bars are excluded from volume baselines. `open`, `largest` and
`close_time_s` are available for the row's own bar only, and may be NaN to the left of it."""
TYPICAL, TRUE_RANGE, LOG_RETURN = range(len(TAPE), len(TAPE) + len(DERIVED))
"""Derived rows: (H + L + C) / 3; max(H, C_{t-1}) - min(L, C_{t-1}); ln(C / C_{t-1}).
The last two depend on the previous bar and are undefined where `seen[i] == 1`."""


class Feature:
    """A feature: its kernel and its metadata.

    Attributes
    ----------
    name
        Name of its file.
    columns
        Names of its outputs, in the order of `out`.
    lookback
        Number of bars it reads from the tape, its own included.
    state
        Numbers of state per instrument and frame.
    warmup
        Number of bars before its first value; until then it is NaN. For recursive averages, the number of
        bars after which the initial value has a weight below 0.1 %: ln(0.001) / ln(1 - alpha).
    unit
        Unit of its outputs, as text.
    low, high
        Range of its outputs.
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
        # Also lets doctest find the example in the docstring of the kernel.
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
        """Compute the feature over the bars of one instrument.

        Parameters
        ----------
        bars
            Columns of `TAPE` by name; `close` is required, omitted prices equal it, other columns are 0.
        warm
            Whether values before `warmup` are NaN; if not, only those before `lookback` are.

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
    """Build the tape of one instrument, with `before` empty positions before the first bar; see `Feature.over`."""
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
    """Decorator that makes a kernel a `Feature`; see there. `warmup` defaults to `lookback`."""
    options: dict[str, Any] = {"unit": unit, "lookback": lookback, "state": state, "columns": columns}
    return lambda function: Feature(function, warmup=warmup or lookback, low=low, high=high, **options)
