"""Sizing: break-even probability, expected value and Kelly fraction."""


def break_even(win_r: float, loss_r: float = 1.0, *, cost_r: float = 0.0) -> float:
    """Win probability at which the expected value is zero.

    Parameters
    ----------
    win_r, loss_r
        Gain and loss in R, both positive.
    cost_r
        Of the round trip, paid either way.

    Examples
    --------
    >>> break_even(1.5, cost_r=0.1)
    0.44
    """
    return (loss_r + cost_r) / (win_r + loss_r)


def expected_value(p: float, win_r: float, loss_r: float = 1.0, *, cost_r: float = 0.0) -> float:
    """Expected result in R, net of cost.

    Examples
    --------
    >>> expected_value(0.44, 1.5, cost_r=0.1)
    0.0
    """
    return p * win_r - (1 - p) * loss_r - cost_r


def kelly(
    p: float, win_r: float, loss_r: float = 1.0, *, cost_r: float = 0.0, fraction: float = 0.25, cap: float = 0.02
) -> float:
    """Share of equity to risk (to lose if 1 R is lost): a fraction of Kelly's, capped; 0 without an edge.

    Parameters
    ----------
    p
        Calibrated probability of winning.
    win_r, loss_r, cost_r
        As in `break_even`.
    fraction
        Of the growth-optimal share. A full Kelly on an estimated probability bets too much.
    cap
        Largest share, however sure.

    Examples
    --------
    >>> kelly(0.6, 1.0, fraction=1.0, cap=1.0)
    0.2
    >>> kelly(0.6, 1.0), kelly(0.4, 1.0)
    (0.02, 0.0)

    References
    ----------
    Kelly 1956; Thorp 2006.
    """
    gain, loss = win_r - cost_r, loss_r + cost_r
    if gain <= 0 or loss <= 0:
        return 0.0
    growth_optimal = p / loss - (1 - p) / gain
    return min(cap, max(0.0, fraction * growth_optimal))
