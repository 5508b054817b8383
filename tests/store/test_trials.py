from datetime import UTC, datetime

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store import trials
from store.trials import Trial, TrialRow
from tests.store import records
from tests.store.conftest import AsyncCaller

FILES = tuple(f"{number:064x}" for number in range(4))


@st.composite
def drawn(draw: st.DrawFn) -> Trial:
    """A trial with one of few ids."""
    number = draw(st.integers(1, 12))
    name, at, returns = draw(records.names), draw(records.few_instants), draw(st.lists(records.numbers, max_size=3))
    return Trial(
        id=f"{number:064x}",
        previous=f"{number - 1:064x}" if number > 1 else "",
        number=number,
        at=at,
        name=name,
        files=tuple(sorted(draw(st.sets(st.sampled_from(FILES), min_size=1)))),
        config="cd" * 32,
        first_day=19_000,
        returns=tuple(returns),
        sharpe=draw(records.known_or_not),
    )


def listed(trial: Trial) -> TrialRow:
    return TrialRow(
        id=trial.id,
        previous=trial.previous,
        number=trial.number,
        at=trial.at,
        name=trial.name,
        files=list(trial.files),
        config=trial.config,
        days=len(trial.returns),
        sharpe=trial.sharpe,
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(batches=st.lists(st.lists(drawn(), max_size=5), max_size=3), file=st.none() | st.sampled_from(FILES))
def test_trials_are_read_back_as_they_were_first_written(
    connection: psycopg.Connection, call: AsyncCaller, batches: list[list[Trial]], file: str | None
) -> None:
    with connection.transaction(force_rollback=True):
        expected: dict[str, Trial] = {}
        for batch in batches:
            known = len(expected)
            for trial in batch:
                expected.setdefault(trial.id, trial)
            assert trials.write(connection, batch) == len(expected) - known
        oldest = sorted(expected.values(), key=lambda trial: (trial.at, trial.id))
        assert trials.of_files(connection, FILES) == oldest
        assert trials.of_files(connection, ()) == []
        if file is not None:
            assert trials.of_files(connection, [file]) == [trial for trial in oldest if file in trial.files]


def test_trials_are_listed_newest_first(connection: psycopg.Connection, call: AsyncCaller) -> None:
    written = [
        Trial(
            id=f"{number:064x}",
            previous="",
            number=number + 1,
            at=datetime(2024, 8, 8, number // 2, tzinfo=UTC),
            name="a name",
            files=(FILES[number % 2], FILES[2]),
            config="cd" * 32,
            first_day=19_000,
            returns=(0.25,) * number,
            sharpe=None if number else 0.5,
        )
        for number in range(6)
    ]
    trials.write(connection, written)
    newest = [listed(trial) for trial in reversed(written)]
    assert call(trials.LISTING.page, {}, limit=9) == newest
    assert call(trials.LISTING.page, {"file": FILES[1]}, limit=2) == newest[0:3:2]
    assert call(trials.LISTING.count, {"file": FILES[1], "until": written[3].at}) == 1


@pytest.mark.parametrize("statement", ["DELETE FROM trials", "UPDATE trials SET sharpe = 3", "TRUNCATE trials"])
def test_trials_cannot_be_changed_or_deleted(connection: psycopg.Connection, statement: str) -> None:
    with pytest.raises(psycopg.errors.RaiseException, match="trials are only added to"):
        connection.execute(statement)
