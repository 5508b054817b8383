"""A recovery directory is opened by the dataflow that created it, and refused by any other, with instructions."""

from dataclasses import replace
from pathlib import Path

import pytest

from domain.errors import RecoveryError
from domain.frames import parse_frames
from flows.manifest import manifest, open_recovery
from operators.catalogue import catalogue

FRAMES = parse_frames(("1m", "5m"))
IDEAS = catalogue()


def test_own_recovery_directory_is_reopened(tmp_path: Path) -> None:
    for _ in range(2):
        open_recovery(tmp_path / "recovery", 2, manifest(FRAMES, IDEAS))
    assert len(list((tmp_path / "recovery").glob("part-*.sqlite3"))) == 2


@pytest.mark.parametrize("kind", ["strategies", "detectors", "features", "patterns"])
def test_a_missing_idea_is_named_with_instructions(tmp_path: Path, kind: str) -> None:
    ideas = getattr(IDEAS, kind)
    open_recovery(tmp_path, 2, manifest(FRAMES, IDEAS))
    with pytest.raises(RecoveryError) as refused:
        open_recovery(tmp_path, 2, manifest(FRAMES, replace(IDEAS, **{kind: ideas[1:]})))
    message = str(refused.value)
    assert f"was created with different {kind} ({kind}: without" in message
    assert ideas[0].name in message
    assert "use the version that created it, or remove the directory to start over" in message


def test_another_order_of_ideas_is_refused(tmp_path: Path) -> None:
    open_recovery(tmp_path, 2, manifest(FRAMES, IDEAS))
    turned = replace(IDEAS, strategies=IDEAS.strategies[::-1])
    with pytest.raises(RecoveryError, match=r"strategies: in another order"):
        open_recovery(tmp_path, 2, manifest(FRAMES, turned))


def test_prediction_markets_are_part_of_the_recipe_or_not(tmp_path: Path) -> None:
    open_recovery(tmp_path, 2, manifest(FRAMES, IDEAS, prediction=False))
    with pytest.raises(RecoveryError, match=r"steps and arbitrages \(steps: now with .*prediction\.attend\.evidence"):
        open_recovery(tmp_path, 2, manifest(FRAMES, IDEAS))


def test_a_directory_whose_logs_were_other_inputs_is_refused(tmp_path: Path) -> None:
    before = manifest(FRAMES, IDEAS)
    del before["inputs"]
    open_recovery(tmp_path, 2, before)
    with pytest.raises(RecoveryError, match=r"inputs: now with .*log"):
        open_recovery(tmp_path, 2, manifest(FRAMES, IDEAS))
