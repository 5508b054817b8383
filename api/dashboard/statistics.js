// Statistics: cards with the results of signals and paper trades, each with its sample size and uncertainty.

import { make } from "/dashboard/elements.js";
import { MISSING, count, fixed, percent, sampleSize, signed } from "/dashboard/format.js";

const CARDS = {
  "Signals received": "Signals that this page has received since it was opened",
  "Signals closed": "Signals that reached their target or stop, or expired",
  "Win rate": "Share of entered signals with a positive return after fees and slippage, with its 95% confidence interval",
  "Average return": "Mean return of entered signals after fees and slippage, ± its standard error",
  "Paper win rate": "Share of closed paper trades with a profit after fees and slippage, with its 95% confidence interval",
  "Paper average": "Mean result of closed paper trades in R, multiples of the amount at risk, ± its standard error",
};
const cards = Object.fromEntries(
  Object.keys(CARDS).map((name) => [name, { value: make("b", {}, MISSING), note: make("small") }]),
);
for (const [name, { value, note }] of Object.entries(cards)) {
  document.getElementById("statistics").append(make("p", { title: CARDS[name] }, make("span", {}, name), value, note));
}

/** Set the value of a card, the note below it, and its color by the sign of `trend`. */
export function showCard(name, value, note = "", trend = 0) {
  cards[name].value.textContent = value;
  cards[name].value.className = trend > 0 ? "good" : trend < 0 ? "bad" : "";
  cards[name].note.textContent = note;
}

export function showStatus({ metrics, connected_clients }) {
  const values = {
    cpu: `${fixed(metrics.system_cpu_percent, 0)}%`,
    memory: `${count(Math.round(metrics.system_memory_bytes / 2 ** 20))} MiB`,
    clients: count(connected_clients),
  };
  for (const [id, value] of Object.entries(values)) document.getElementById(id).textContent = value;
}

export async function refreshStatistics(rest) {
  const [signals, { overall: trades }] = await Promise.all([
    rest.get("/performance/stats"),
    rest.get("/api/v1/analytics/performance"),
  ]);
  showCard("Signals closed", count(signals.total_signals), `last ${signals.lookback_days} days`);
  showRate("Win rate", signals.win_rate, signals.win_rate_interval, signals.entered);
  showMean("Average return", signals.avg_return_pct, "%", signals.avg_return_pct_se, signals.entered);
  showRate("Paper win rate", trades.win_rate, trades.win_rate_interval, trades.total_trades);
  showMean("Paper average", trades.mean_r, " R", trades.mean_r_se, trades.total_trades);
  return "";
}

function showRate(name, rate, interval, n) {
  const range = interval ? [`${fixed(100 * interval.low, 1)}–${percent(interval.high)}`] : [];
  showCard(name, percent(rate), [...range, sampleSize(n)].join(", "));
}

function showMean(name, mean, unit, error, n) {
  const value = mean === null ? MISSING : signed(mean, 2) + unit;
  const range = error === null ? [] : [`± ${fixed(error, 2)}`];
  showCard(name, value, [...range, sampleSize(n)].join(", "), Number(fixed(mean ?? 0, 2)));
}
