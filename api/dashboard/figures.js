// Figures: what came of it all, each number with what it is made of; and what is open now.

import { Refused } from "/dashboard/access.js";
import { UNKNOWN, counted, dollars, fixed, make, mark, number, share, signed, time } from "/dashboard/elements.js";

const NAMES = [
  "Signals here",
  "Signals that ended",
  "Win rate",
  "Average return",
  "Win rate, paper",
  "Average, paper",
  "CPU",
  "Memory",
  "Clients",
];
const cards = Object.fromEntries(NAMES.map((name) => [name, { value: make("b", {}, UNKNOWN), made: make("small") }]));
for (const [name, { value, made }] of Object.entries(cards)) {
  document.getElementById("figures").append(make("p", {}, make("span", {}, name), value, made));
}

/** Set one figure: its value, and what it is made of. */
export function show(name, value, made = "") {
  cards[name].value.textContent = value;
  cards[name].made.textContent = made;
}

export function showStatus({ metrics, connected_clients }) {
  show("CPU", `${fixed(metrics.system_cpu_percent, 0)} %`);
  show("Memory", `${fixed(metrics.system_memory_bytes / 2 ** 20, 0)} MiB`);
  show("Clients", number(connected_clients));
}

const average = (mean, unit) => (mean === null ? UNKNOWN : `${signed(mean, 2)} ${unit}`);
const interval = (found, n) => (found ? `${share(found.low)} to ${share(found.high)}, ` : "") + counted(n);
const spread = (error, n) => (error === null ? "" : `± ${fixed(error, 2)}, `) + counted(n);

const polled = { figures: refreshFigures, arbitrage: refreshArbitrage, whales: refreshWhales };

/** Read all of it anew; below each part stands what there is to say of it, such as that it could not be read. */
export async function refresh(access) {
  for (const [id, read] of Object.entries(polled)) {
    const note = document.getElementById(id).nextElementSibling;
    try {
      note.textContent = await read(access);
    } catch (problem) {
      note.textContent = `Not current: ${problem.message}`;
      if (problem instanceof Refused) return; // the next would be refused too, and failures are counted
    }
  }
}

/** Signals that ended, and paper trades. */
async function refreshFigures(access) {
  const [ended, { overall }] = await Promise.all([
    access.get("/performance/stats"),
    access.get("/api/v1/analytics/performance"),
  ]);
  const { entered } = ended;
  show("Signals that ended", number(ended.total_signals), `in ${ended.lookback_days} days`);
  show("Win rate", share(ended.win_rate), interval(ended.win_rate_interval, entered));
  show("Average return", average(ended.avg_return_pct, "%"), spread(ended.avg_return_pct_se, entered));
  const { total_trades: trades } = overall;
  show("Win rate, paper", share(overall.win_rate), interval(overall.win_rate_interval, trades));
  show("Average, paper", average(overall.mean_r, "R"), spread(overall.mean_r_se, trades));
  return "";
}

async function refreshArbitrage(access) {
  const { opportunities } = await access.get("/api/v1/arbitrage/scan?limit=8");
  const rows = opportunities.map((one) => [
    named(one.title || one.slug, one),
    one.kind.replaceAll("_", " "),
    dollars(one.net),
    `$${fixed(one.edge, 4)}`,
    one.risk_assessment.grade,
  ]);
  return fill("arbitrage", ["market", "kind", "net", "edge a set", "grade"], rows, "None is open.");
}

async function refreshWhales(access) {
  const { whales } = await access.get("/api/v1/whales?limit=8");
  const rows = whales.map((one) => [
    time(one.detected_at),
    named(one.slug || one.token, one),
    [one.side, one.outcome].filter(Boolean).join(" "),
    dollars(one.notional),
    make("span", { title: one.reason }, one.kind),
  ]);
  return fill("whales", ["time", "market", "side", "size", "kind"], rows, "None was seen.");
}

const named = (name, one) => make("span", { class: "words" }, name, ...mark(one));

function fill(id, names, rows, otherwise) {
  const table = document.getElementById(id);
  const head = make("thead", {}, make("tr", {}, ...names.map((name) => make("th", { scope: "col" }, name))));
  const body = make("tbody", {}, ...rows.map((cells) => make("tr", {}, ...cells.map((cell) => make("td", {}, cell)))));
  table.replaceChildren(...(rows.length ? [head, body] : []));
  return rows.length ? "" : otherwise;
}
