"""The ledger counts every attempt, and detects removed lines."""

import multiprocessing
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import SettingError
from flows.backtesting.ledger import Attempt, Ledger, Line

FILES = ("aa", "bb")


def attempt(config: str, *, returns: tuple[float, ...] = (0.5,), files=FILES, sharpe: float | None = 0.1) -> Attempt:
    at = "2024-01-01T00:00:00Z"
    return Attempt(at=at, name=config, files=files, config=config, first_day=19_000, returns=returns, sharpe=sharpe)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "home" / "trials.jsonl")


def filled(ledger: Ledger, count: int) -> list[bytes]:
    for number in range(count):
        ledger.record(attempt(f"config {number}", returns=(0.01, float(number))))
    return ledger.path.read_bytes().splitlines(keepends=True)


def test_attempts_are_kept_in_order_and_no_fault_is_found(ledger: Ledger) -> None:
    filled(ledger, 3)
    contents = Ledger(ledger.path).record(attempt("last"))
    assert [each.config for each in contents.attempts] == ["config 0", "config 1", "config 2", "last"]
    assert contents.faults == ()
    assert ledger.path.stat().st_mode & 0o077 == 0


def test_same_settings_again_count_once(ledger: Ledger) -> None:
    for config in ("one", "two", "one"):
        contents = ledger.record(attempt(config, returns=(0.01, len(config) + ord(config[0]))))
    assert len(contents.attempts) == 3
    assert [each.config for each in contents.on(FILES)] == ["one", "two"]


def test_same_returns_from_other_settings_are_the_same_attempt(ledger: Ledger) -> None:
    ledger.record(attempt("one", returns=(0.01, 0.02)))
    contents = ledger.record(attempt("a comment was added", returns=(0.01, 0.02)))
    assert len(contents.on(FILES)) == 1


def test_same_settings_on_other_files_of_the_same_data_are_another_attempt(ledger: Ledger) -> None:
    ledger.record(attempt("one", files=("aa",), returns=(0.01,)))
    contents = ledger.record(attempt("one", files=("bb", "aa"), returns=(0.02,)))
    assert len(contents.on(("aa",))) == 2


def test_attempts_without_a_sharpe_ratio_are_all_counted(ledger: Ledger) -> None:
    ledger.record(attempt("one", sharpe=None))
    assert len(ledger.record(attempt("two", sharpe=None)).on(FILES)) == 2


def test_data_is_the_same_if_a_file_is_shared(ledger: Ledger) -> None:
    ledger.record(attempt("one", files=("aa",), returns=(1.0,)))
    ledger.record(attempt("two", files=("cc",), returns=(2.0,)))
    contents = ledger.record(attempt("three", returns=(3.0,)))
    assert [each.config for each in contents.on(("bb", "aa"))] == ["one", "three"]


@given(removed=st.sets(st.integers(0, 5), min_size=1, max_size=6))
def test_removed_lines_are_detected(tmp_path_factory: pytest.TempPathFactory, removed: set[int]) -> None:
    ledger = Ledger(tmp_path_factory.mktemp("ledger") / "trials.jsonl")
    lines = filled(ledger, 6)
    ledger.path.write_bytes(b"".join(line for at, line in enumerate(lines) if at not in removed))
    contents = ledger.record(attempt("after"))
    missing = sum(int(fault.split()[0]) for fault in contents.faults)
    assert missing == len(removed), contents.faults
    assert ledger.record(attempt("later")).faults, "the hole is there for ever"


def test_changed_line_is_detected(ledger: Ledger) -> None:
    lines = filled(ledger, 3)
    lines[1] = lines[1].replace(b'"sharpe":0.1', b'"sharpe":0.9')
    ledger.path.write_bytes(b"".join(lines))
    assert ledger.record(attempt("after")).faults == ("line 2 was changed",)


def test_rewritten_line_with_its_hash_breaks_the_chain(ledger: Ledger) -> None:
    lines = filled(ledger, 3)
    line = msgspec.json.decode(lines[1], type=Line)
    lines[1] = msgspec.json.encode(msgspec.structs.replace(line, attempt=attempt("nicer")).sealed()) + b"\n"
    ledger.path.write_bytes(b"".join(lines))
    assert ledger.record(attempt("after")).faults == ("line 3 does not follow the one before it",)


def test_deleted_ledger_is_detected_by_its_head(ledger: Ledger) -> None:
    filled(ledger, 2)
    ledger.path.unlink()
    assert ledger.record(attempt("after")).faults == ("2 lines are missing at its end",)


def test_unreadable_lines_are_detected(ledger: Ledger) -> None:
    lines = filled(ledger, 2)
    ledger.path.write_bytes(lines[0] + b"\xff{\n" + lines[1])
    contents = ledger.record(attempt("after"))
    assert contents.faults == ("line 2 cannot be read",)
    assert len(contents.attempts) == 3


def test_line_truncated_by_a_crash_is_no_fault(ledger: Ledger) -> None:
    filled(ledger, 2)
    with ledger.path.open("ab") as file:
        file.write(b'{"number":3,"prev')
    contents = ledger.record(attempt("after"))
    assert (len(contents.attempts), contents.faults) == (3, ())
    assert ledger.record(attempt("later")).faults == ()


def test_crash_between_the_line_and_the_head_is_no_fault(ledger: Ledger) -> None:
    filled(ledger, 2)
    head = ledger.path.with_name("trials.jsonl.head")
    before = head.read_bytes()
    ledger.record(attempt("third"))
    head.write_bytes(before)
    assert ledger.record(attempt("after")).faults == ()


def test_ledger_that_is_a_folder_is_refused_before_the_run(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="is not a file; name one with --trials"):
        Ledger(tmp_path).check()


def test_ledger_in_a_place_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingError, match=r"cannot be used: .*; fix that, or name another with --trials"):
        Ledger(tmp_path / "file" / "trials.jsonl").check()


def record_many(path: Path, name: str) -> None:
    for number in range(10):
        Ledger(path).record(attempt(f"{name} {number}", returns=(float(number), float(ord(name)))))


def test_backtests_at_once_lose_nothing(ledger: Ledger) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=record_many, args=(ledger.path, name)) for name in "ab"]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    contents = ledger.record(attempt("last"))
    assert (len(contents.attempts), len(contents.on(FILES)), contents.faults) == (21, 21, ())
