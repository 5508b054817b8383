// Toasts: a few words about what is new, never more often than one can read.

import { make } from "/dashboard/elements.js";

const EVERY_MS = 2_000;
const SHOWN_MS = 6_000;
const AT_ONCE = 3;

let untold = [];
let timer = 0;
let nextAt = 0;

/** Tell of new signals: the newest by name, those that came with it or too fast after another by their number. */
export function toast(signals) {
  untold.push(...signals);
  if (untold.length && !timer) timer = setTimeout(tell, Math.max(0, nextAt - performance.now()));
}

function tell() {
  const { venue, symbol, direction, timeframe } = untold.at(-1);
  const others = untold.length > 1 ? `, and ${untold.length - 1} more` : "";
  const note = make("p", {}, `New: ${venue}:${symbol} ${direction}, ${timeframe}${others}`);
  const place = document.getElementById("toasts");
  place.append(note);
  while (place.childElementCount > AT_ONCE) place.firstElementChild.remove();
  setTimeout(() => note.remove(), SHOWN_MS);
  [untold, timer, nextAt] = [[], 0, performance.now() + EVERY_MS];
}
