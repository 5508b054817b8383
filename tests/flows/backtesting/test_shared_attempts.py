"""Attempts in the database: those of others count, and those of a deleted file."""

from pathlib import Path

import msgspec
import pytest

from flows.backtesting import text
from flows.backtesting.ledger import Attempt, Ledger, LedgerContents
from flows.backtesting.shared_attempts import SharedAttempts, sync_attempts
from tests.flows.backtesting.runs import INPUT, judged

FILES = ("aa" * 32,)


def attempt(config: str, *, files: tuple[str, ...] = FILES) -> Attempt:
    returns = tuple(0.001 * ord(letter) for letter in config)
    at = "2024-01-01T00:00:00.000250Z"
    return Attempt(at=at, name=config, files=files, config=config, first_day=19_000, returns=returns, sharpe=0.1)


def recorded(path: Path, *attempts: Attempt) -> LedgerContents:
    for each in attempts:
        contents = Ledger(path).record(each)
    return contents


def test_lines_are_copied_once(database_url: str, tmp_path: Path) -> None:
    contents = recorded(tmp_path / "mine", attempt("one"), attempt("two"))
    assert sync_attempts(contents, FILES, database_url) == SharedAttempts(copied=2)
    assert sync_attempts(contents, FILES, database_url) == SharedAttempts()
    contents = recorded(tmp_path / "mine", attempt("three"))
    assert sync_attempts(contents, FILES, database_url) == SharedAttempts(copied=1)


def test_attempts_of_another_ledger_on_the_same_data_count(database_url: str, tmp_path: Path) -> None:
    others = attempt("one"), attempt("other data", files=("bb" * 32,)), attempt("two")
    sync_attempts(recorded(tmp_path / "theirs", *others), FILES, database_url)
    contents = recorded(tmp_path / "mine", attempt("three"), attempt("two"))
    shared = sync_attempts(contents, FILES, database_url)
    assert shared == SharedAttempts(attempts=(others[0], others[2]), copied=2)
    assert [each.config for each in contents.on(FILES, shared.attempts)] == ["one", "two", "three"]


def test_deleted_file_is_remembered(database_url: str, tmp_path: Path) -> None:
    sync_attempts(recorded(tmp_path / "mine", attempt("one"), attempt("two")), FILES, database_url)
    for path in tmp_path.iterdir():
        path.unlink()
    contents = recorded(tmp_path / "mine", attempt("three"))
    assert contents.faults == ()
    assert len(contents.on(FILES, sync_attempts(contents, FILES, database_url).attempts)) == 3


def test_changed_line_counts_with_its_original_content(database_url: str, tmp_path: Path) -> None:
    sync_attempts(recorded(tmp_path / "mine", attempt("one")), FILES, database_url)
    content = (tmp_path / "mine").read_bytes()
    (tmp_path / "mine").write_bytes(content.replace(b'"config":"one"', b'"config":"two"'))
    contents = recorded(tmp_path / "mine", attempt("two"))
    assert contents.faults == ("line 1 was changed",)
    assert sync_attempts(contents, FILES, database_url) == SharedAttempts(attempts=(attempt("one"),), copied=1)


@pytest.mark.parametrize("state", ["away", "behind"])
def test_unavailable_database_does_not_prevent_a_report(
    postgres_url: str, database_url: str, tmp_path: Path, state: str
) -> None:
    url = "postgresql://127.0.0.1:1/none" if state == "away" else postgres_url
    report = judged([1.0] * 40, [0.01, -0.005] * 20, tmp_path / "trials.jsonl", database_url=url)
    assert report.trials.attempts == 1
    assert {"away": "does not answer", "behind": "run 'signalengine migrate'"}[state] in report.trials.unshared
    assert "Not in the database yet" in text.text(report)
    report = judged([1.0] * 40, [0.02, -0.005] * 20, tmp_path / "trials.jsonl", database_url=database_url)
    assert report.trials.unshared is None
    assert (
        sync_attempts(LedgerContents((), ()), (INPUT.sha256,), database_url).attempts
        == Ledger(tmp_path / "trials.jsonl").record(attempt("later")).attempts[:2]
    )


def test_report_counts_attempts_that_are_only_in_the_database(database_url: str, tmp_path: Path) -> None:
    days = [0.01, -0.005] * 20
    for number, ledger in enumerate(("theirs", "mine")):
        report = judged(
            [1.0] * 40, [number / 1_000 + day for day in days], tmp_path / ledger,
            fee_bps=float(number), database_url=database_url,
        )  # fmt: skip
    assert msgspec.structs.astuple(report.trials)[2:4] == (1, 2)
    assert report.trials.elsewhere == 1
    assert report.card.verdict.trials == 2
    assert "Known from the database only" in text.text(report)
