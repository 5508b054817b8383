import numpy as np

from flows.sources.sim_prediction_group import GroupKey, draw
from flows.sources.sim_prediction_settings import SimPredictionSettings
from flows.sources.sim_prediction_trajectory import EMPTY_ASK, EMPTY_BID, STEP_NS, trajectory

SETTINGS = SimPredictionSettings(round_h=1.0, baskets_per_day=24.0)
ROUNDS = range(420_000, 420_200)
QUIET = SimPredictionSettings(round_h=1.0, baskets_per_day=0.0)


def test_prices_are_calibrated() -> None:
    predicted, observed = [], []
    for turn in range(420_000, 420_600):
        place = GroupKey("event", 0, turn)
        drawn = draw(QUIET, place)
        predicted.append(trajectory(QUIET, place, drawn).belief[450])
        observed.append(drawn.truth)
    belief, truth = np.concatenate(predicted), np.concatenate(observed)
    for low, high in ((0.0, 0.1), (0.1, 0.3), (0.3, 0.6), (0.6, 1.0)):
        here = (belief >= low) & (belief < high)
        error = np.sqrt(np.sum(belief[here] * (1.0 - belief[here]))) / here.sum()
        assert abs(truth[here].mean() - belief[here].mean()) < 4.0 * error


def test_books_make_no_basket_by_themselves() -> None:
    for turn in ROUNDS[:40]:
        for kind in ("event", "ladder", "single"):
            place = GroupKey(kind, 0, turn)
            path = trajectory(QUIET, place, draw(QUIET, place))
            assert not path.mispricings
            assert np.all(path.bids < path.asks)
            assert np.all((path.bids >= EMPTY_BID) & (path.asks <= EMPTY_ASK))
            if kind == "event":
                assert np.all(path.asks.sum(axis=1) >= 100)
                assert np.all(path.bids.sum(axis=1) <= 100)
            if kind == "ladder":
                assert np.all(path.asks[:, :-1] > path.bids[:, 1:])


def test_baskets_are_rare_and_only_some_pay() -> None:
    mispricings = [
        mispricing
        for turn in ROUNDS
        for place in [GroupKey("event", 0, turn)]
        for mispricing in trajectory(SETTINGS, place, draw(SETTINGS, place)).mispricings
    ]
    pays = [mispricing for mispricing in mispricings if mispricing.pays]
    assert 0.5 * 200 < len(pays) <= 1.3 * 200
    assert 0.2 * 200 < len(mispricings) - len(pays) <= 1.3 * 200
    assert {(mispricing.end - mispricing.start) * STEP_NS // 1_000_000_000 for mispricing in pays} <= set(
        range(5, 41, 5)
    )


def test_a_mispricing_is_visible_in_the_books_and_temporary() -> None:
    place = next(
        place
        for turn in ROUNDS
        for place in [GroupKey("event", 0, turn)]
        if any(
            mispricing.pays and mispricing.direction < 0
            for mispricing in trajectory(SETTINGS, place, draw(SETTINGS, place)).mispricings
        )
    )
    path = trajectory(SETTINGS, place, draw(SETTINGS, place))
    mispricing = next(mispricing for mispricing in path.mispricings if mispricing.pays and mispricing.direction < 0)
    assert path.asks[mispricing.start].sum() < 100
    assert path.asks[mispricing.end].sum() >= 100


def test_a_feed_is_sometimes_stale() -> None:
    place = GroupKey("event", 0, 420_000)
    shown = trajectory(SETTINGS, place, draw(SETTINGS, place)).shown
    steps = np.arange(len(shown))[:, None]
    assert np.all(shown <= steps)
    assert 0 < (shown != steps).any(axis=0).sum() <= 1
