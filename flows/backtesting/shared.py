"""Shared: the attempts of a ledger in the database too, where those of other ledgers join them.

The file is what counts on a machine by itself. Where there is a database, its lines are copied there by
their hashes, and attempts on the same data that only the database knows count as well: those of
colleagues, and those of a file that somebody deleted.
"""

import msgspec

from domain import clock
from domain.errors import SignalEngineError
from flows.backtesting.ledger import Attempt, Book, Line
from store import trials
from store.postgres import connect
from store.trials import Trial


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it.

    Attributes
    ----------
    attempts
        On the same data, of other ledgers, oldest first.
    copied
        Lines that were new to the database.
    problem
        Why it could not be asked; None if it was.
    """

    attempts: tuple[Attempt, ...] = ()
    copied: int = 0
    problem: str | None = None


def share(book: Book, files: tuple[str, ...], url: str) -> Shared:
    """Copy what the database does not know, and ask what else it knows of this data.

    A database that is down costs nobody a report: the lines stay in the file, and go along with those
    of the next backtest. A line that was changed is not copied; as it was, it is known there.

    Parameters
    ----------
    files
        Hashes of the input, in which `book` counts.
    url
        Of Postgres.
    """
    mine = [_trial(line) for line in book.lines if line.sealed() == line]
    known = {trial.id for trial in mine}
    try:
        with connect(url) as connection:
            copied = trials.write(connection, mine)
            others = [trial for trial in trials.of_files(connection, files) if trial.id not in known]
    except SignalEngineError as problem:
        return Shared(problem=str(problem))
    return Shared(attempts=tuple(map(_attempt, others)), copied=copied)


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
