"""Composing: what the rows that answer a pattern say together, as one composite."""

import numpy as np

from domain.composites import COMPONENTS, EVENT, SIGNAL
from operators.kernels import kernel
from operators.kernels.awaiting import NONE, find_awaited
from operators.kernels.evidence import ENDED, RING
from operators.kernels.history import rate
from operators.kernels.logit import logit, sigmoid
from operators.kernels.matching import agreement

BESIDE, AGAINST = 0, 1
"""Records of a detector: of candidates on whose side it stood, and of those it spoke against."""


@kernel
def weigh(row, opposed, now, window, base, detectors, strength):
    """A row's log-odds over the base rate, and how much of a witness it is, in [0, 1].

    A signal speaks by its own probability, an event by what its detector has earned; one without a
    record says nothing and dilutes nobody. Both halve over the window, and count from the other side
    where they are opposed.
    """
    left = 2.0 ** -((now - row.ts) / window)
    if not np.isnan(row.probability):
        excess = (logit(row.probability) - logit(base)) * left
        return (-excess if opposed else excess), left
    if row.kind != EVENT:
        return 0.0, 0.0
    track = detectors[row.idea, AGAINST if opposed else BESIDE]
    return (logit(rate(track, base, strength)) - logit(base)) * left, track.count / (track.count + strength) * left


@kernel
def heading(chosen, ring):
    """Where most of the rows point, by strength; 0 if neither side is ahead."""
    balance = 0.0
    for place in chosen:
        balance += ring[place].direction * ring[place].strength
    return np.sign(balance)


@kernel
def compose(chosen, direction, directed, now, window, base, more, house, ring, detectors, strength, same_tape, out):
    """Fill everything of a composite but its pattern, statistic and calibration.

    Parameters
    ----------
    chosen
        (k,) places in the ring of the rows that belong together.
    more
        (log-odds over the base rate, weight in [0, 1]) of a witness that is no row.

    Returns
    -------
    float
        Joint log-odds over the base rate: the sum over 1 + (n - 1) rho of those chosen, and of signals,
        whales and arbitrage of the other side.
    """
    excess = np.empty(chosen.size)
    total, count = more
    worst, known, expected = 0.0, 0, 0.0
    for at in range(chosen.size):
        row = ring[chosen[at]]
        opposed = direction != 0 and row.direction == -direction
        excess[at], share = weigh(row, opposed, now, window, base, detectors, strength)
        total += excess[at]
        count += share
        worst = max(worst, row.risk)
        if not np.isnan(row.expected_r):
            known += 1
            expected += row.expected_r
    if directed:
        for back in range(min(house.count, RING)):
            row = ring[(house.count - 1 - back) % RING]
            if now - row.ts >= window:
                break
            if row.direction == -direction and row.kind not in (EVENT, ENDED):
                against, share = weigh(row, True, now, window, base, detectors, strength)  # noqa: FBT003
                total += against
                count += share
    discount = 1.0 + max(0.0, count - 1.0) * same_tape
    joint = total / discount
    out.ts, out.instrument, out.direction, out.regime = now, house.instrument, direction, house.regime
    out.correlation_score = agreement(direction, now, window, house, ring)
    out.expected_return = expected / known if known else np.nan
    out.risk_score = worst  # until the confidence is calibrated
    _list(chosen, excess, discount, ring, out)
    return joint


@kernel
def _list(chosen, excess, discount, ring, out):
    """Name the components, those that say most first; of equals the stronger, then the newer."""
    left = np.ones(chosen.size, np.bool_)
    out.components = min(chosen.size, COMPONENTS)
    for at in range(COMPONENTS):
        out.component_kind[at] = out.component_direction[at] = 0
        out.component_idea[at] = out.component_frame[at] = 0
        out.component_ts[at] = out.component_instrument[at] = 0
        out.component_weight[at] = 0.0
    for at in range(out.components):
        best = -1
        for each in range(chosen.size):
            if not left[each]:
                continue
            if best >= 0:
                says, most = abs(excess[each]), abs(excess[best])
                if says < most or (says == most and ring[chosen[each]].strength <= ring[chosen[best]].strength):
                    continue
            best = each
        left[best] = False
        row = ring[chosen[best]]
        out.component_kind[at], out.component_direction[at] = row.kind, row.direction
        out.component_idea[at], out.component_frame[at] = row.idea, row.frame
        out.component_ts[at], out.component_instrument[at] = row.ts, row.instrument
        out.component_weight[at] = excess[best] / discount


@kernel
def calibrated(out, log_odds, slope, intercept):
    """Fill the confidence, and the risk: what is left when chance, penalties and dissent took their share."""
    out.composite_confidence = sigmoid(slope * log_odds + intercept)
    certain = out.composite_confidence * (1.0 - out.risk_score) * out.correlation_score
    out.risk_score = min(1.0, max(0.0, 1.0 - certain))


@kernel
def strongest_signal(chosen, direction, house, ring, pool):
    """The place in the book of the most probable signal that points this way; NONE if there is none."""
    best, most = NONE, -1.0
    for place in chosen:
        row = ring[place]
        if row.kind == SIGNAL and row.probability > most and row.direction * direction >= 0:
            found, _ = find_awaited(house, row.ts, row.idea, pool)
            if found != NONE:
                best, most = found, row.probability
    return best
