"""Shared attempts: synchronise the attempts of a ledger with the database, which has those of other ledgers too.

Without a database, only the file counts. With one, its lines are copied there by their hashes, and attempts on
the same data that are only in the database count as well: those of colleagues, and those of a deleted file.
"""

import msgspec

from domain import clock
from domain.errors import SignalEngineError
from flows.backtesting.ledger import Attempt, LedgerContents, Line
from store import trials
from store.postgres import connect
from store.trials import Trial


class SharedAttempts(msgspec.Struct, frozen=True, kw_only=True):
    """Result of the synchronisation.

    Attributes
    ----------
    attempts
        Attempts of other ledgers on the same data, oldest first.
    copied
        Number of lines that were new to the database.
    problem
        Why the database could not be queried; None if it was.
    """

    attempts: tuple[Attempt, ...] = ()
    copied: int = 0
    problem: str | None = None


def sync_attempts(contents: LedgerContents, files: tuple[str, ...], url: str) -> SharedAttempts:
    """Copy new lines to the database, and read the other attempts on this data from it.

    An unavailable database does not prevent a report: the lines stay in the file, and are copied with those of
    the next backtest. A changed line is not copied; the database has its original.

    Parameters
    ----------
    files
        Hashes of the input files.
    url
        Address of Postgres.
    """
    mine = [_trial(line) for line in contents.lines if line.sealed() == line]
    known = {trial.id for trial in mine}
    try:
        with connect(url) as connection:
            copied = trials.write(connection, mine)
            others = [trial for trial in trials.of_files(connection, files) if trial.id not in known]
    except SignalEngineError as problem:
        return SharedAttempts(problem=str(problem))
    return SharedAttempts(attempts=tuple(map(_attempt, others)), copied=copied)


def _trial(line: Line) -> Trial:
    attempt = line.attempt
    return Trial(
        id=line.hash,
        previous=line.previous,
        number=line.number,
        at=clock.to_datetime(clock.parse_iso(attempt.at)),
        name=attempt.name,
        files=attempt.files,
        config=attempt.config,
        first_day=attempt.first_day,
        returns=attempt.returns,
        sharpe=attempt.sharpe,
    )


def _attempt(trial: Trial) -> Attempt:
    return Attempt(
        at=clock.iso(clock.from_datetime(trial.at)),
        name=trial.name,
        files=trial.files,
        config=trial.config,
        first_day=trial.first_day,
        returns=trial.returns,
        sharpe=trial.sharpe,
    )
