"""Page: render the report as one self-contained HTML file: no scripts, no fonts, no network.

All text is escaped, since names come from files; the page's Content-Security-Policy forbids loading anything.
"""

from collections.abc import Sequence
from html import escape

from flows.backtesting import charts, formatting
from flows.backtesting.report import Report

STYLE = """
:root { color-scheme: light dark; --ink: #1b2330; --paper: #fff; --soft: #566170; --rule: #d8dee6; --blue: #1f5fbf;
  --red: #b3261e; --green: #1b7f4b; --amber: #8a5a00; --shade: #8a93a022 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --paper: #12161c; --soft: #9aa5b4; --rule: #323b47;
  --blue: #7fb0ff; --red: #ff8a80; --green: #6fd6a0; --amber: #f0c060 } }
* { box-sizing: border-box }
body { margin: 2rem auto; max-width: 66rem; padding: 0 1rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif }
h1 { font-size: 1.8rem; line-height: 1.2; letter-spacing: .02em; margin: 0 }
h2 { font-size: 1.05rem; margin: 2.2rem 0 .5rem } h2 small { font-weight: 400; color: var(--soft); font-size: .9rem }
.verdict { border-left: .4rem solid currentColor; padding: .5rem 1rem; margin: 0 0 1rem }
.verdict ul { margin: .5rem 0 0; padding-left: 1.2rem; overflow-wrap: anywhere }
.SIGNIFICANT { color: var(--green) } .NOT { color: var(--red) } .INSUFFICIENT { color: var(--amber) }
.verdict li { color: var(--ink) } .soft { color: var(--soft); overflow-wrap: anywhere }
.name { font-weight: 600; margin: 0; overflow-wrap: anywhere }
.beside { display: flex; flex-wrap: wrap; gap: 1rem 3rem; align-items: center } .beside > * { flex: 1 1 20rem }
.scroll { overflow-x: auto } .scroll:focus-visible { outline: 2px solid var(--blue); outline-offset: 2px }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100% }
.scroll table { font-size: 14px }
th, td { text-align: right; padding: .25rem .5rem; border-bottom: 1px solid var(--rule); white-space: nowrap }
th { font-weight: 600; color: var(--soft) } tbody th { font-weight: 400; color: var(--ink) }
th:first-child, td:first-child { text-align: left; padding-left: 0 } th:last-child, td:last-child { padding-right: 0 }
.figures { table-layout: fixed; min-width: 54rem }
.figures th { width: 9% } .figures th:first-child { width: 24%; overflow-wrap: anywhere; white-space: normal }
.figures th:nth-child(4), .figures th:nth-child(5) { width: 19% } .figures th:last-child { width: 15% }
.pairs td { text-align: left; white-space: normal; overflow-wrap: anywhere }
.pairs th { text-align: left; white-space: normal; width: 20rem; vertical-align: top; color: var(--soft) }
.input td:last-child { font: .85em ui-monospace, monospace }
svg { width: 100%; max-width: var(--width); height: auto; display: block }
.account svg { min-width: 40rem; max-width: none }
.curve { fill: none; stroke: var(--blue); stroke-width: 1.6 } .fall { fill: var(--red); fill-opacity: .3 }
.edge { fill: none; stroke: var(--red) } .grid { stroke: var(--rule) }
.start { stroke: var(--soft); stroke-dasharray: 4 4 } .warmup { fill: var(--shade) }
.tick { fill: var(--soft); font-size: 12px } .dot { fill: var(--blue) } .bar { stroke: var(--blue); fill: none }
@media (max-width: 40rem) { body { margin: 1rem auto } h1 { font-size: 1.5rem }
  .pairs th, .pairs td { display: block; width: auto; padding: .3rem 0 0; border: 0 }
  .pairs td { padding: 0 0 .3rem; border-bottom: 1px solid var(--rule) } }
@media print { :root { --ink: #000; --paper: #fff; --soft: #444; --rule: #bbb; --blue: #1f5fbf; --red: #b3261e }
  body { margin: 0; max-width: none; font-size: 10px } h2 { break-after: avoid } .scroll { overflow: visible }
  table, svg { break-inside: avoid } .figures { min-width: 0 } th, td { white-space: normal } }
"""


ACCOUNT = "Shaded: the warm-up, which is not judged. Dashed: what the account began with."


def page(report: Report) -> str:
    """The report as HTML."""
    verdict = report.card.verdict
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in verdict.reasons)
    calibration = report.card.calibration
    kind = verdict.verdict.split()[0]
    made = f"run {report.made_at:%Y-%m-%d %H:%M} UTC by signalengine {report.version}"
    body = [
        f'<section class="verdict {kind}"><h1>{verdict.verdict}</h1><ul>{reasons}</ul></section>',
        f'<p class="name">{escape(report.name)}</p>',
        f'<p class="soft">{escape(formatting.headline(report))}; {escape(made)}</p>',
        *(["<p><b>Simulated data: every figure is a property of its generator.</b></p>"] if report.simulated else []),
        _pairs("What was measured", formatting.card_lines(report)),
        "<h2>Account</h2>",
        _scrolled("The account by days", charts.equity(report), "account"),
        f'<p class="soft">{escape(charts.account(report))}. {ACCOUNT}</p>' if report.equity else "",
        _title("Calibration", "of all graded candidates, the suppressed ones included"),
        '<div class="beside">' + charts.reliability(calibration.bins, calibration.n),
        _grid("Bins of the diagram", formatting.BINS, [formatting.bin_cells(each) for each in calibration.bins])
        + "</div>",
        '<p class="soft">Dashed: stated and happened alike. Bars: Wilson, 95 %, as if no two results overlapped.</p>',
        _title("Judged time in folds", "all of it out of sample; trades that end in a later fold are purged"),
        _grid("Folds", formatting.FOLDS, [formatting.fold_cells(fold) for fold in report.folds]),
        *(
            _title(table.title, f"of {table.of}")
            + _grid(
                table.title,
                (table.title, *formatting.FIGURES),
                [(row.name, *formatting.figure_cells(row.figures)) for row in table.rows],
                "figures",
            )
            for table in report.tables
        ),
        f'<p class="soft">{escape(formatting.FEW)}</p>',
        _pairs("Trials", formatting.trials_lines(report)),
        _pairs("From bars to trades", formatting.counts_lines(report)),
        "<h2>Assumptions</h2><ul>" + "".join(f"<li>{escape(each)}</li>" for each in report.assumptions) + "</ul>",
        "<h2>Input by content</h2>",
        _grid(
            "Input by content",
            ("file", "bytes", "SHA-256"),
            [(each.name, f"{each.size:,}", each.sha256) for each in report.inputs],
            "input",
        ),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{verdict.verdict}: {escape(report.name)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(body)
        + "\n</main>\n</body>\n</html>\n"
    )


def _title(title: str, of: str) -> str:
    return f"<h2>{escape(title)} <small>{escape(of)}</small></h2>\n"


def _pairs(title: str, lines: formatting.Lines) -> str:
    rows = "".join(f'<tr><th scope="row">{escape(label)}</th><td>{escape(value)}</td></tr>' for label, value in lines)
    return f'<h2>{escape(title)}</h2>\n<table class="pairs"><tbody>{rows}</tbody></table>'


def _grid(label: str, head: Sequence[str], rows: Sequence[Sequence[str]], kind: str = "") -> str:
    if not rows:
        return '<p class="soft">None.</p>'
    top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    lines = "\n".join(_row(*row) for row in rows)
    table = f'<table class="{kind}"><thead><tr>{top}</tr></thead>\n<tbody>{lines}</tbody></table>'
    return _scrolled(label, table)


def _row(first: str, *rest: str) -> str:
    return f'<tr><th scope="row">{escape(first)}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in rest) + "</tr>"


def _scrolled(label: str, inner: str, kind: str = "") -> str:
    """Wrap content that may be wider than the window in a scrollable, keyboard-accessible region."""
    return f'<div class="scroll {kind}" role="region" aria-label="{escape(label)}" tabindex="0">{inner}</div>'
