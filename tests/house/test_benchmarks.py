"""The README has the tables, columns and rows of the current benchmarks; the figures themselves are not compared."""

import json

import pytest

from benchmarks import readme, report
from benchmarks.report import Table
from tests.house.checkout import ROOT

TABLES = readme.tables()
README = (ROOT / "README.md").read_text()
TABLE = Table("example", "An example", ("what", "rows/s", "bars"), ("ours", "theirs"))


def test_readme_has_a_section_for_every_benchmark() -> None:
    assert list(readme.sections(README)) == list(TABLES), "run `make bench`"


@pytest.mark.parametrize("name", TABLES)
def test_table_in_the_readme_has_the_declared_shape(name: str) -> None:
    table = TABLES[name]
    section = readme.sections(README)[name]
    assert readme.shape(section) == (table.title, table.columns, table.rows), f"run `make bench ARGS={name}`"


@pytest.mark.parametrize("name", TABLES)
def test_table_is_named_after_its_file(name: str) -> None:
    assert (ROOT / "benchmarks" / f"{name}.py").is_file()


def page(section: str = "") -> str:
    return f"before\n{readme.BEGIN}{section}{readme.END}after\n"


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.setattr(readme, "RESULTS", tmp_path)
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    monkeypatch.setattr(readme, "tables", lambda: {TABLE.name: TABLE})
    return tmp_path


def test_results_are_written_to_the_readme(results) -> None:
    report.publish(TABLE, [("ours", 28_107_171.0, 20_000), ("theirs", 0.0123, None)], ["on one core"])
    written = readme.renewed(page())
    assert "| ours | 28.1 M | 20,000 |\n| theirs | 0.0123 |  |\n" in written
    assert "on one core; other processes used" in written
    assert readme.fits(readme.sections(written)["example"], TABLE)
    assert written.startswith("before\n")
    assert written.endswith("after\n")


def test_figures_without_a_new_result_are_kept(results) -> None:
    report.publish(TABLE, [("ours", 2.0, 1), ("theirs", 1.0, 1)])
    written = readme.renewed(page())
    (results / "example.json").unlink()
    assert readme.renewed(written) == written


def test_results_with_other_columns_are_dropped(results) -> None:
    report.publish(TABLE, [("ours", 2.0, 1), ("theirs", 1.0, 1)])
    other = {**json.loads((results / "example.json").read_text()), "columns": ["what", "rows/s", "bytes"]}
    (results / "example.json").write_text(json.dumps(other))
    written = readme.renewed(page("<!-- benchmark example -->\n**An example**\n\n| what |\n| --- |\n| ours |\n"))
    assert readme.UNMEASURED in written
    assert readme.fits(readme.sections(written)["example"], TABLE)


def test_undeclared_rows_are_rejected(results) -> None:
    with pytest.raises(ValueError, match="the rows of example are not those"):
        report.publish(TABLE, [("ours", 2.0, 1)])


@pytest.mark.parametrize(
    ("value", "text"),
    [(28_107_171.0, "28.1 M"), (62_963.4, "63,000"), (446.4, "446"), (0.0123, "0.0123"), (0.0, "0"), (20_000, "20,000"),
     ("ours", "ours"), (None, "")],
)  # fmt: skip
def test_figures_have_three_significant_digits(value: object, text: str) -> None:
    assert report.cell(value) == text
