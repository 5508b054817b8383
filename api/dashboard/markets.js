// Markets: tables of open arbitrage opportunities and of recent whale trades.

import { make, simulatedBadge, time } from "/dashboard/elements.js";
import { capitalized, dollars, fixed, words } from "/dashboard/format.js";

const ROWS = 8;

export async function refreshArbitrage(rest) {
  const { opportunities } = await rest.get(`/api/v1/arbitrage/scan?limit=${ROWS}`);
  const rows = opportunities.map((opportunity) => [
    market(opportunity.title || opportunity.slug, opportunity),
    number(dollars(opportunity.net)),
    number(`$${fixed(opportunity.edge, 4)}`),
    opportunity.risk_assessment.grade,
  ]);
  const columns = ["Market", number("Net profit"), number("Edge/set"), "Grade"];
  return fill("arbitrage", columns, rows, "No open opportunities.");
}

export async function refreshWhales(rest) {
  const { whales } = await rest.get(`/api/v1/whales?limit=${ROWS}`);
  const rows = whales.map((whale) => [
    time(whale.detected_at),
    market(whale.slug || whale.token, whale, whale.reason),
    capitalized([whale.side, whale.outcome].filter(Boolean).join(" ")),
    number(dollars(whale.notional)),
  ]);
  return fill("whales", ["Time", "Market", "Trade", number("Size")], rows, "No whale trades detected.");
}

/** The name of a market, with the kind of the row below it. */
function market(name, row, title = "") {
  const kind = make("small", {}, capitalized(words(row.kind)));
  return make("span", { class: "market-name", title }, name, kind, ...simulatedBadge(row));
}

const number = (text) => make("span", { class: "number" }, text);

/** Replace the content of a table; returns the note that belongs below it. */
function fill(id, columns, rows, emptyNote) {
  const table = document.getElementById(id);
  const head = make("thead", {}, make("tr", {}, ...columns.map((column) => make("th", { scope: "col" }, column))));
  const body = make("tbody", {}, ...rows.map((cells) => make("tr", {}, ...cells.map((cell) => make("td", {}, cell)))));
  table.replaceChildren(...(rows.length ? [head, body] : []));
  return rows.length ? "" : emptyNote;
}
