// Notifications: short messages about new signals, at most one every two seconds.

import { make } from "/dashboard/elements.js";

const INTERVAL_MS = 2_000;
const VISIBLE_MS = 6_000;
const VISIBLE_MAX = 3;

let pending = [];
let timer = 0;
let nextAt = 0;

/** Announce new signals: the newest by name, the others that are pending by their number. */
export function notify(signals) {
  pending.push(...signals);
  if (pending.length && !timer) timer = setTimeout(show, Math.max(0, nextAt - performance.now()));
}

function show() {
  const { venue, symbol, direction, timeframe } = pending.at(-1);
  const others = pending.length > 1 ? `, and ${pending.length - 1} more` : "";
  const notification = make("p", {}, `New signal: ${symbol} ${direction}, ${timeframe}, ${venue}${others}`);
  const list = document.getElementById("notifications");
  list.append(notification);
  while (list.childElementCount > VISIBLE_MAX) list.firstElementChild.remove();
  setTimeout(() => notification.remove(), VISIBLE_MS);
  [pending, timer, nextAt] = [[], 0, performance.now() + INTERVAL_MS];
}
