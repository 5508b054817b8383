"""Page: the report as one HTML file that needs nothing else: no scripts, no fonts, no network.

All words are escaped, since names come from files; the file's own policy forbids it to load anything.
"""

from collections.abc import Sequence
from html import escape

from flows.backtesting import charts, wording
from flows.backtesting.report import Report

STYLE = """
:root { color-scheme: light dark; --ink: #1b2330; --paper: #fff; --soft: #5b6675; --rule: #d8dee6; --blue: #1f5fbf;
  --red: #b3261e; --green: #1b7f4b; --amber: #8a5a00; --shade: #8a93a022 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --paper: #12161c; --soft: #9aa5b4; --rule: #323b47;
  --blue: #7fb0ff; --red: #ff8a80; --green: #6fd6a0; --amber: #f0c060 } }
* { box-sizing: border-box }
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif }
h1 { font-size: 1.1rem; margin: 0; overflow-wrap: anywhere } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem }
.verdict { border-left: .4rem solid currentColor; padding: .5rem 1rem; margin: 0 0 1rem }
.verdict strong { font-size: 1.8rem; letter-spacing: .02em; display: block }
.SIGNIFICANT { color: var(--green) } .NOT { color: var(--red) } .INSUFFICIENT { color: var(--amber) }
.verdict li, .note { color: var(--ink) } .soft { color: var(--soft); overflow-wrap: anywhere }
.scroll { overflow-x: auto } table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100% }
th, td { text-align: right; padding: .25rem .6rem; border-bottom: 1px solid var(--rule); white-space: nowrap }
th:first-child, td:first-child { text-align: left } th { font-weight: 600; color: var(--soft) }
.pairs td { text-align: left; white-space: normal; overflow-wrap: anywhere } .pairs td:first-child { width: 19rem }
caption { text-align: left; color: var(--soft); padding-bottom: .25rem }
svg { max-width: 100%; height: auto; display: block }
.curve { fill: none; stroke: var(--blue); stroke-width: 1.6 } .fall { fill: var(--red); fill-opacity: .35 }
.grid { stroke: var(--rule) } .start { stroke: var(--soft); stroke-dasharray: 4 4 } .warmup { fill: var(--shade) }
.tick { fill: var(--soft); font-size: 11px } .dot { fill: var(--blue) } .bar { stroke: var(--blue); fill: none }
@media print { body { margin: 0; max-width: none; font-size: 11px } h2 { break-after: avoid }
  table, svg { break-inside: avoid } th, td { white-space: normal } }
"""


def page(report: Report) -> str:
    """The report as HTML."""
    verdict = report.card.verdict
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in verdict.reasons)
    calibration = report.card.calibration
    kind = verdict.verdict.split()[0]
    made = f"run {report.made_at:%Y-%m-%d %H:%M} UTC by signalengine {report.version}"
    body = [
        f'<section class="verdict {kind}"><strong>{verdict.verdict}</strong><ul>{reasons}</ul></section>',
        f"<h1>{escape(report.name)}</h1>",
        f'<p class="soft">{escape(wording.headline(report))}; {escape(made)}</p>',
        *(["<p><b>Simulated data: every figure is a property of its generator.</b></p>"] if report.simulated else []),
        _pairs("What was measured", wording.card_lines(report)),
        "<h2>Account</h2>",
        charts.equity(report),
        '<p class="soft">Shaded: the warm-up, which is not judged. Dashed: what the account began with.</p>',
        "<h2>Calibration</h2>",
        charts.reliability(calibration.bins, calibration.n),
        '<p class="soft">Dashed: stated and happened alike. Bars: Wilson, 95 %, as if no two results overlapped.</p>',
        "<h2>Judged time in folds</h2>",
        _grid(
            "All of it is out of sample; trades that end in a later fold are purged",
            wording.FOLDS,
            [wording.fold_cells(fold) for fold in report.folds],
        ),
        *(
            f"<h2>{escape(table.title)}</h2>"
            + _grid(
                f"Of {table.of}",
                ("", *wording.FIGURES),
                [(row.name, *wording.figure_cells(row.figures)) for row in table.rows],
            )
            for table in report.tables
        ),
        _pairs("Trials", wording.trials_lines(report)),
        _pairs("From bars to trades", wording.counts_lines(report)),
        "<h2>Assumptions</h2><ul>" + "".join(f"<li>{escape(each)}</li>" for each in report.assumptions) + "</ul>",
        _grid(
            "Input by content",
            ("file", "bytes", "SHA-256"),
            [(each.name, f"{each.size:,}", each.sha256) for each in report.inputs],
        ),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{verdict.verdict}: {escape(report.name)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def _pairs(title: str, lines: wording.Lines) -> str:
    rows = "".join(f"<tr><td>{escape(label)}</td><td>{escape(value)}</td></tr>" for label, value in lines)
    return f'<h2>{escape(title)}</h2>\n<table class="pairs">{rows}</table>'


def _grid(caption: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return f'<p class="soft">{escape(caption)}: none.</p>'
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    lines = "\n".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><caption>{escape(caption)}</caption><tr>{top}</tr>\n{lines}</table></div>'
