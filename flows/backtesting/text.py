"""Text: render the report for a terminal."""

from collections.abc import Sequence

from flows.backtesting import formatting
from flows.backtesting.report import Report


def text(report: Report) -> str:
    """The report as text, the verdict first."""
    verdict = report.card.verdict
    parts = [
        f"{verdict.verdict}: {'; '.join(verdict.reasons)}",
        f"{_plain(report.name)}: {_plain(formatting.headline(report))}",
        *(["The data is simulated: every figure is a property of its generator."] if report.simulated else []),
        _pairs(formatting.card_lines(report)),
        _pairs(formatting.counts_lines(report)),
        "Judged time in folds (all of it out of sample)\n"
        + _grid(formatting.FOLDS, [formatting.fold_cells(fold) for fold in report.folds]),
        *(
            f"{table.title} ({table.of})\n"
            + _grid(
                ("", *formatting.FIGURES),
                [(_plain(row.name), *formatting.figure_cells(row.figures)) for row in table.rows],
            )
            for table in report.tables
        ),
        formatting.FEW,
        _pairs(formatting.trials_lines(report)),
        "Assumptions\n" + "\n".join(f"  {_plain(sentence)}" for sentence in report.assumptions),
    ]
    return "\n\n".join(parts) + "\n"


def _pairs(lines: formatting.Lines) -> str:
    width = max(len(label) for label, _ in lines)
    return "\n".join(f"{label:{width}}  {_plain(value)}" for label, value in lines)


def _grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return "  none"
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    return "\n".join("  " + "  ".join(_aligned(row, widths)) for row in (head, *rows))


def _aligned(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    """Align the first cell to the left and the others to the right."""
    return [
        cell.rjust(width) if at else cell.ljust(width) for at, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]


def _plain(text: str) -> str:
    """Replace control characters, since names come from files."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)
