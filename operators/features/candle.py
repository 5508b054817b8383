"""The bar's form: body and shadows."""

from operators.features import CLOSE, HIGH, LOW, OPEN, Floats, Ints, feature


@feature(columns=("candle_body", "upper_shadow", "lower_shadow"), unit="fraction of the range", low=-1.0, high=1.0)
def candle(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Body (close less open), upper and lower shadow of a bar, each over its range; 0 where it has none.

    The size of the body and the two shadows add up to 1.

    Examples
    --------
    >>> candle.over({"open": [12.0], "high": [14.0], "low": [10.0], "close": [11.0]})[:, 0].tolist()
    [-0.25, 0.5, 0.25]

    References
    ----------
    Nison, Japanese Candlestick Charting Techniques, 1991.
    """
    for row in range(at.size):
        now = at[row]
        begin, top, bottom, end = tape[OPEN, now], tape[HIGH, now], tape[LOW, now], tape[CLOSE, now]
        if top > bottom:
            out[0, row] = (end - begin) / (top - bottom)
            out[1, row] = (top - max(begin, end)) / (top - bottom)
            out[2, row] = (min(begin, end) - bottom) / (top - bottom)
        else:
            out[:, row] = 0.0
