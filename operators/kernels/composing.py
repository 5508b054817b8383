"""Composition: fuse the evidence that matches a pattern into one composite signal."""

import numpy as np

from domain.composites import COMPONENTS, EVENT, SIGNAL
from operators.kernels import kernel
from operators.kernels.evidence import ENDED, RING
from operators.kernels.history import shrunk_rate
from operators.kernels.logit import logit, sigmoid
from operators.kernels.matching import agreement
from operators.kernels.pending import NONE, find_pending

BESIDE, AGAINST = 0, 1
"""Track records of a detector: of candidates in its direction, and of candidates against it."""


@kernel
def weighted_log_odds(row, opposed, now, window, base, detectors, strength):
    """Decayed log-odds of a row over the base rate, and its weight as a source in [0, 1].

    A signal contributes its own probability, an event the track record of its detector; an event without a record
    has weight 0 and does not dilute the others. Both decay with a half-life of one window, and change sign where
    they are opposed.
    """
    left = 2.0 ** -((now - row.ts) / window)
    if not np.isnan(row.probability):
        excess = (logit(row.probability) - logit(base)) * left
        return (-excess if opposed else excess), left
    if row.kind != EVENT:
        return 0.0, 0.0
    track = detectors[row.idea, AGAINST if opposed else BESIDE]
    excess = logit(shrunk_rate(track, base, strength)) - logit(base)
    return excess * left, track.count / (track.count + strength) * left


@kernel
def majority_direction(chosen, ring):
    """Direction with the larger total strength; 0 if they are equal."""
    balance = 0.0
    for place in chosen:
        balance += ring[place].direction * ring[place].strength
    return np.sign(balance)


@kernel
def compose(
    chosen, direction, directed, now, window, base, more, instrument, ring, detectors, strength, same_tape, out
):
    """Fill all fields of a composite except its pattern, statistic and calibrated confidence.

    Parameters
    ----------
    chosen
        (k,) ring indices of the matching rows.
    more
        (log-odds over the base rate, weight in [0, 1]) of an additional source that is not a row.

    Returns
    -------
    float
        Joint log-odds over the base rate: the sum over 1 + (n - 1) rho of the chosen rows and of the opposing
        signals, whales and arbitrage.
    """
    excess = np.empty(chosen.size)
    total, count = more
    worst, known, expected = 0.0, 0, 0.0
    for at in range(chosen.size):
        row = ring[chosen[at]]
        opposed = direction != 0 and row.direction == -direction
        excess[at], share = weighted_log_odds(row, opposed, now, window, base, detectors, strength)
        total += excess[at]
        count += share
        worst = max(worst, row.risk)
        if not np.isnan(row.expected_r):
            known += 1
            expected += row.expected_r
    if directed:
        for back in range(min(instrument.count, RING)):
            row = ring[(instrument.count - 1 - back) % RING]
            if now - row.ts >= window:
                break
            if row.direction == -direction and row.kind not in (EVENT, ENDED):
                against, share = weighted_log_odds(row, True, now, window, base, detectors, strength)  # noqa: FBT003
                total += against
                count += share
    discount = 1.0 + max(0.0, count - 1.0) * same_tape
    joint = total / discount
    out.ts, out.instrument, out.direction, out.regime = now, instrument.instrument, direction, instrument.regime
    out.correlation_score = agreement(direction, now, window, instrument, ring)
    out.expected_return = expected / known if known else np.nan
    out.risk_score = worst  # until the confidence is calibrated
    _list(chosen, excess, discount, ring, out)
    return joint


@kernel
def _list(chosen, excess, discount, ring, out):
    """List the components by decreasing absolute log-odds; ties by strength, then by age."""
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
                here, most = abs(excess[each]), abs(excess[best])
                if here < most or (here == most and ring[chosen[each]].strength <= ring[chosen[best]].strength):
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
    """Fill the confidence, and the risk: one minus confidence times (1 - penalty) times agreement."""
    out.composite_confidence = sigmoid(slope * log_odds + intercept)
    certain = out.composite_confidence * (1.0 - out.risk_score) * out.correlation_score
    out.risk_score = min(1.0, max(0.0, 1.0 - certain))


@kernel
def strongest_signal(chosen, direction, instrument, ring, pool):
    """Pool index of the most probable pending signal in this direction; NONE if there is none."""
    best, most = NONE, -1.0
    for place in chosen:
        row = ring[place]
        if row.kind == SIGNAL and row.probability > most and row.direction * direction >= 0:
            found, _ = find_pending(instrument, row.ts, row.idea, pool)
            if found != NONE:
                best, most = found, row.probability
    return best
