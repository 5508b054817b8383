// Rows: a signal as one line that opens into its reasons.

import { UNKNOWN, fixed, make, mark, number, share, signed, time } from "/dashboard/elements.js";

const ARROWS = { long: "▲", short: "▼" };
const SIGNS = { long: 1, short: -1 };

/** The list item of a signal; Enter or Space on it opens what led to it. */
export function row(signal) {
  return make("li", { "data-id": signal.id }, make("details", {}, line(signal), story(signal)));
}

function line(signal) {
  const direction = `${ARROWS[signal.direction] ?? ""} ${signal.direction}`;
  const name = make("span", { class: "name" }, `${signal.venue}:`, make("wbr"), make("b", {}, signal.symbol));
  return make(
    "summary",
    {},
    make("span", {}, time(signal.detected_at)),
    make("span", { class: "market" }, name, ...mark(signal)),
    cell("frame", signal.timeframe),
    make("span", { class: signal.direction === "short" ? "short" : "long" }, direction),
    cell("entry", number(signal.entry_price)),
    cell("target", number(signal.take_profit)),
    cell("stop", number(signal.stop_loss)),
    cell("probability", share(signal.probability)),
    cell("score", score(signal)),
    make("span", { class: "frames" }, ...frames(signal)),
  );
}

const cell = (label, text) => make("span", { "data-label": label }, text);

function score({ final_score, ranking, raw_confidence }) {
  if (final_score === null) return `conf. ${fixed(raw_confidence, 2)}`;
  return ranking === null ? fixed(final_score, 1) : `${fixed(final_score, 1)} · #${ranking}`;
}

/** Whether each frame says the same: ✓ as the signal, ✗ the opposite, – neither. */
function frames({ mtf_details, direction }) {
  return Object.entries(mtf_details).map(([frame, view]) => {
    const agrees = Math.sign(view.direction) * SIGNS[direction];
    const [sign, word] = agrees > 0 ? ["✓", "agrees"] : agrees < 0 ? ["✗", "opposes"] : ["–", "says neither"];
    const title = `${frame} ${word}, strength ${fixed(view.strength, 2)}`;
    return make("span", { class: "badge", title }, `${frame} ${sign}`);
  });
}

function story(signal) {
  const facts = {
    strategy: signal.signal_type,
    confidence: fixed(signal.raw_confidence, 2),
    "expected value": signal.expected_value_r === null ? UNKNOWN : `${signed(signal.expected_value_r, 2)} R`,
    "frames' score": fixed(signal.mtf_score, 2),
    regime: signal.regime ?? UNKNOWN,
    events: signal.events.join(", ") || UNKNOWN,
    model: signal.model_version ?? UNKNOWN,
    id: signal.id,
  };
  const list = Object.entries(facts).map(([name, text]) => make("div", {}, make("dt", {}, name), make("dd", {}, text)));
  const expiry = make("div", {}, make("dt", {}, "expires"), make("dd", {}, time(signal.expires_at)));
  return make("div", { class: "story" }, make("p", {}, signal.reason), make("dl", {}, ...list, expiry));
}
