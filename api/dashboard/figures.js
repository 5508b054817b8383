// Figures: what came of it all, each number with what it is made of; and what is open now.

import { Refused } from "/dashboard/access.js";
import { UNKNOWN, dollars, fixed, make, number, share, signed, time } from "/dashboard/elements.js";

const cards = new Map();

/** Set one figure: its value, and what it is made of. */
export function show(name, value, made = "") {
  if (!cards.has(name)) {
    const parts = { value: make("b"), made: make("small") };
    cards.set(name, parts);
    document.getElementById("figures").append(make("p", {}, make("span", {}, name), parts.value, parts.made));
  }
  cards.get(name).value.textContent = value;
  cards.get(name).made.textContent = made;
}

export function showStatus({ metrics, connected_clients }) {
  const bytes = metrics.system_memory_bytes;
  show("CPU", metrics.system_cpu_percent === undefined ? UNKNOWN : `${fixed(metrics.system_cpu_percent, 0)} %`);
  show("Memory", bytes === undefined ? UNKNOWN : `${fixed(bytes / 2 ** 20, 0)} MiB`);
  show("Clients", number(connected_clients));
}

const interval = (found, n) => (found ? `${share(found.low)} to ${share(found.high)}, n = ${n}` : `n = ${n}`);

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
  const spread = ended.avg_return_pct_se === null ? "" : `± ${fixed(ended.avg_return_pct_se, 2)}, `;
  const mean = ended.avg_return_pct === null ? UNKNOWN : `${signed(ended.avg_return_pct, 2)} %`;
  show("Signals that ended", number(ended.total_signals), `in ${ended.lookback_days} days`);
  show("Win rate", share(ended.win_rate), interval(ended.win_rate_interval, ended.entered));
  show("Average return", mean, `${spread}n = ${ended.entered}`);
  show("Win rate, paper", share(overall.win_rate), interval(overall.win_rate_interval, overall.total_trades));
  const error = overall.mean_r_se === null ? "" : `± ${fixed(overall.mean_r_se, 2)}, `;
  const meanR = overall.mean_r === null ? UNKNOWN : `${signed(overall.mean_r, 2)} R`;
  show("Average, paper", meanR, `${error}n = ${overall.total_trades}`);
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

function named(name, { simulated }) {
  return make("span", { class: "words" }, name, ...(simulated ? [" ", make("small", { class: "badge" }, "simulated")] : []));
}

function fill(id, names, rows, otherwise) {
  const table = document.getElementById(id);
  const head = make("thead", {}, make("tr", {}, ...names.map((name) => make("th", { scope: "col" }, name))));
  const body = make("tbody", {}, ...rows.map((cells) => make("tr", {}, ...cells.map((cell) => make("td", {}, cell)))));
  table.replaceChildren(...(rows.length ? [head, body] : []));
  return rows.length ? "" : otherwise;
}
