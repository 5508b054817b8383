// Signal row: a signal as one line that expands to its details.

import { make, simulatedBadge, time } from "/dashboard/elements.js";
import { MISSING, capitalized, fixed, percent, prices, signed, words } from "/dashboard/format.js";

const ARROWS = { long: "▲", short: "▼" };
const SIGNS = { long: 1, short: -1 };

/** The list item of a signal; a click, Enter or Space expands it. */
export function signalRow(signal) {
  return make("li", { "data-id": signal.id }, make("details", {}, summary(signal), details(signal)));
}

function summary(signal) {
  const { direction } = signal;
  const venue = make("small", {}, signal.venue);
  const name = make("span", { class: "name" }, make("b", {}, signal.symbol), " ", venue);
  const side = `${ARROWS[direction] ?? ""} ${capitalized(direction)}`;
  const [entry, target, stop] = prices([signal.entry_price, signal.take_profit, signal.stop_loss]);
  return make(
    "summary",
    {},
    make("span", { class: "at" }, time(signal.detected_at)),
    make("span", { class: "market" }, name, ...simulatedBadge(signal)),
    make("span", { class: "timeframe", "data-label": "Timeframe" }, signal.timeframe),
    make("span", { class: direction === "short" ? "side bad" : "side good" }, side),
    cell("Entry", entry),
    cell("Target", target),
    cell("Stop", stop),
    cell("Probability", percent(signal.probability)),
    cell("Score", ...score(signal)),
    make("span", { class: "alignment" }, ...alignment(signal)),
  );
}

const cell = (label, ...content) => make("span", { class: "number", "data-label": label }, ...content);

/** Score and rank; the strategy's own confidence while there is no score. */
function score({ final_score, ranking, raw_confidence }) {
  if (final_score === null) return [make("small", {}, "conf. "), fixed(raw_confidence, 2)];
  return ranking === null ? [fixed(final_score, 1)] : [fixed(final_score, 1), make("small", {}, ` #${ranking}`)];
}

/** One badge per timeframe: ✓ agrees with the signal, ✗ opposes it, – is neutral. */
function alignment({ mtf_details, direction }) {
  return Object.entries(mtf_details).map(([timeframe, view]) => {
    const agreement = Math.sign(view.direction) * SIGNS[direction];
    const [mark, verdict] = agreement > 0 ? ["✓", "agrees"] : agreement < 0 ? ["✗", "opposes"] : ["–", "is neutral"];
    const title = `${timeframe} ${verdict}, strength ${fixed(view.strength, 2)}`;
    const color = agreement > 0 ? "good" : agreement < 0 ? "bad" : "";
    return make("span", { class: `badge ${color}`, title }, `${timeframe} ${mark}`);
  });
}

function details(signal) {
  const { entry_price: entry, take_profit: target, stop_loss: stop } = signal;
  const risk = Math.abs(entry - stop);
  const facts = {
    Strategy: words(signal.signal_type),
    Events: signal.events.map(words).join(", ") || MISSING,
    Regime: signal.regime === null ? MISSING : words(signal.regime),
    Confidence: fixed(signal.raw_confidence, 2),
    "Expected value": signal.expected_value_r === null ? MISSING : `${signed(signal.expected_value_r, 2)} R`,
    "To target": `${signed((100 * (target - entry)) / entry, 2)}%`,
    "To stop": `${signed((100 * (stop - entry)) / entry, 2)}%`,
    "Reward/risk": risk > 0 ? fixed(Math.abs(target - entry) / risk, 2) : MISSING,
    "Timeframe score": fixed(signal.mtf_score, 2),
    Model: signal.model_version ?? MISSING,
    Expires: time(signal.expires_at),
    Instrument: `${signal.venue}:${signal.symbol}`,
    "Signal ID": make("code", {}, signal.id),
  };
  const list = Object.entries(facts).map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value)));
  return make("div", { class: "details" }, make("p", {}, signal.reason), make("dl", {}, ...list));
}
