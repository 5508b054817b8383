"""Single cases for `score`: a few candidates at one instant, and their scores."""

import numpy as np

from domain.aligned import Aligned
from domain.clock import HOUR, MINUTE
from domain.slices import CANDIDATE, OUTCOME, SUPPRESSED_REASONS
from tests.builders import START


def candidates(*rows, at=START):
    """Candidates that differ from an ordinary long one as each row says."""
    out = np.zeros(len(rows), CANDIDATE)
    for mine, row in zip(out, rows, strict=True):
        ordinary = {"ts": at, "instrument": 7, "direction": 1, "confidence": 0.6, "entry_price": 100.0}
        ordinary |= {"take_profit": 102.0, "stop_loss": 99.0, "expires_at": row.get("ts", at) + 2 * HOUR}
        for name, value in (ordinary | row).items():
            mine[name] = value
    return out


def told(score, *rows, at=START, **families):
    """Scores and candidates after one batch."""
    made = candidates(*rows, at=at)
    decided = np.tile([[1.0], [0.0], [1.0]], made.size)
    (out,) = score.on_batch([Aligned(at, candidates=made, decided=decided, **families)])[0]
    return out.scores, out.candidates


def outcome(made, return_r, exit_at):
    """The outcome of a candidate."""
    out = np.zeros(1, OUTCOME)
    for name in ("ts", "instrument", "strategy", "direction"):
        out[name] = made[name]
    out["return_r"], out["exit_at"] = return_r, exit_at
    return out


def graded(score, results, *, at=START, step=10 * MINUTE, **row):
    """One candidate after the other, each with its result; the instant after the last, and all candidates."""
    seen = []
    for result in results:
        _, made = told(score, row, at=at)
        seen.append(made[0])
        told(score, at=at + step, outcomes=outcome(made[0], result, at + step))
        at += step
    return at, np.array(seen)


def reason(made):
    return SUPPRESSED_REASONS[made["reason"]]
