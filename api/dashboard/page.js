// Page: connects the feed, the filters, the polled panels and the sign-in form.

import { make } from "/dashboard/elements.js";
import { Feed } from "/dashboard/feed.js";
import { capitalized, count, words } from "/dashboard/format.js";
import { refreshArbitrage, refreshWhales } from "/dashboard/markets.js";
import { notify } from "/dashboard/notifications.js";
import { AuthenticationError, RestClient } from "/dashboard/rest.js";
import { signalRow } from "/dashboard/signal_row.js";
import { refreshStatistics, showCard, showStatus } from "/dashboard/statistics.js";

const STORED_MAX = 1_000;
const ROWS_MAX = 200;
const REFRESH_MS = 15_000;

const options = document.documentElement.dataset;
const byId = (id) => document.getElementById(id);
const filters = byId("filters");
const rows = byId("rows");

const stored = []; // signals, oldest first
const storedIds = new Set();
let pending = []; // received since the last animation frame: [signal, isNew]
let received = 0;
let gaps = 0;

// Filters: stored in the URL fragment, which is never sent to the server, so that reloads and links keep them.

function readFragment() {
  const saved = new URLSearchParams(location.hash.slice(1));
  filters.reset();
  for (const name of ["direction", "symbol", "min_confidence"]) {
    if (saved.has(name)) filters.elements[name].value = saved.get(name);
  }
  filters.elements.mute.checked = saved.has("mute");
}

function currentFilter() {
  const { direction, symbol, min_confidence: confidence, mute } = filters.elements;
  return {
    direction: direction.value,
    symbol: symbol.value.trim().toUpperCase(),
    min_confidence: Number(confidence.value),
    mute: mute.checked,
  };
}

function matches(signal, { direction, symbol, min_confidence }) {
  return (
    (!direction || signal.direction === direction) &&
    `${signal.venue}:${signal.symbol}`.toUpperCase().includes(symbol) &&
    signal.raw_confidence >= min_confidence
  );
}

function filterChanged() {
  const set = Object.entries(currentFilter()).filter(([, value]) => value);
  history.replaceState(null, "", `#${new URLSearchParams(set.map(([name, value]) => [name, value === true ? 1 : value]))}`);
  renderAll();
}

filters.addEventListener("submit", (event) => event.preventDefault());
filters.addEventListener("input", filterChanged);
byId("reset").addEventListener("click", () => {
  const { checked } = filters.elements.mute;
  filters.reset();
  filters.elements.mute.checked = checked;
  filterChanged();
});
addEventListener("hashchange", () => {
  readFragment();
  renderAll();
});

// Signals: rendered once per animation frame, however many arrive.

function receive(message, isNew) {
  pending.push([message.data, isNew]);
  if (pending.length === 1) requestAnimationFrame(renderPending);
  if (pending.length > 2 * STORED_MAX) pending = pending.slice(-STORED_MAX); // hidden tabs get no animation frames
}

function renderPending() {
  const fresh = pending.filter(([signal]) => !storedIds.has(signal.id) && storedIds.add(signal.id));
  pending = [];
  const signals = fresh.map(([signal]) => signal);
  stored.push(...signals);
  for (const { id } of stored.splice(0, stored.length - STORED_MAX)) storedIds.delete(id);
  const filter = currentFilter();
  const matching = signals.filter((signal) => matches(signal, filter));
  rows.prepend(...matching.slice(-ROWS_MAX).reverse().map(signalRow));
  while (rows.childElementCount > ROWS_MAX) rows.lastElementChild.remove();
  received += signals.length;
  if (!filter.mute) notify(fresh.flatMap(([signal, isNew]) => (isNew && matches(signal, filter) ? [signal] : [])));
  renderCounts();
}

function renderAll() {
  const filter = currentFilter();
  const matching = stored.filter((signal) => matches(signal, filter));
  rows.replaceChildren(...matching.slice(-ROWS_MAX).reverse().map(signalRow));
  renderCounts();
}

function renderCounts() {
  const shown = rows.childElementCount;
  byId("confidence").textContent = currentFilter().min_confidence.toFixed(2);
  byId("count").textContent = stored.length ? `Showing ${shown} of ${count(stored.length)}` : "";
  byId("empty").hidden = shown > 0 || stored.length > 0;
  byId("no-match").hidden = shown > 0 || stored.length === 0;
  showCard("Signals received", count(received), { 0: "no gaps", 1: "1 gap" }[gaps] ?? `${gaps} gaps`);
}

function showGap({ from, to, reason, backfill }) {
  gaps += 1;
  const missed = to === null ? "an unknown number of signals was missed" : `up to ${count(to - from + 1)} signals missed`;
  const recovery = backfill ? [" ", loadButton(backfill)] : [];
  byId("gaps").replaceChildren(`Gap ${gaps}: ${missed} (${words(reason)}).`, ...recovery);
  byId("gaps").hidden = false;
  renderCounts();
}

/** A button that loads missed signals, since a browser would open a link to them without the API key. */
function loadButton(path) {
  const button = make("button", { type: "button", title: path }, "Load them");
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const { signals } = await rest.get(path);
      button.replaceWith(`Added to the list: ${count(insert(signals))}.`); // some may be from before the gap
    } catch (problem) {
      button.disabled = false;
      button.textContent = `Not loaded: ${problem.message}. Try again`;
    }
  });
  return button;
}

/** Insert older signals where they belong by their time, and return how many were not there before. */
function insert(signals) {
  renderPending();
  const missing = signals.filter(({ id }) => !storedIds.has(id) && storedIds.add(id));
  stored.push(...missing);
  stored.sort((one, other) => Date.parse(one.detected_at) - Date.parse(other.detected_at));
  for (const { id } of stored.splice(0, stored.length - STORED_MAX)) storedIds.delete(id);
  received += missing.length;
  renderAll();
  return missing.length;
}

// Connection.

function showState(name, detail = "") {
  byId("connection").dataset.state = name;
  byId("state").textContent = capitalized(name.replace("-", " ")) + (detail && ` · ${detail}`);
  if (name !== "live") byId("lag").textContent = "";
}

const rest = new RestClient(options.authentication === "required");
const feed = new Feed({
  channel: "signals",
  snapshot: 100,
  keepaliveMs: 1_000 * options.keepaliveS,
  query: () => rest.websocketQuery(),
  on: {
    state: showState,
    message: receive,
    gap: showGap,
    status: showStatus,
    lag: (ms) => (byId("lag").textContent = ms < 10_000 ? `${Math.round(ms)} ms` : `${Math.round(ms / 1_000)} s`),
    authenticationFailed: askForKey,
  },
});

// Panels: polled while the page is visible.

const panels = { statistics: refreshStatistics, arbitrage: refreshArbitrage, whales: refreshWhales };

async function refreshPanels() {
  for (const [id, refresh] of Object.entries(panels)) {
    if (document.hidden || !rest.isReady) return; // also once the visitor has signed out meanwhile
    const note = byId(id).nextElementSibling;
    try {
      note.textContent = await refresh(rest);
    } catch (problem) {
      note.textContent = `Not updated: ${problem.message}`;
      if (problem instanceof AuthenticationError) return; // the others would fail too, and failures are rate-limited
    }
  }
}

setInterval(refreshPanels, REFRESH_MS);
document.addEventListener("visibilitychange", refreshPanels);

// Sign-in.

function askForKey(detail = "") {
  rest.clearKey();
  byId("sign-in").hidden = false;
  byId("sign-out").hidden = true;
  byId("sign-in-error").textContent = detail;
  byId("key").focus();
}

async function start() {
  byId("sign-in").hidden = true;
  byId("sign-out").hidden = !rest.requiresKey;
  await feed.open(); // first, so that a rejected key fails once
  refreshPanels();
}

byId("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  rest.setKey(byId("key").value.trim(), byId("remember").checked);
  byId("key").value = "";
  start();
});
byId("sign-out").addEventListener("click", () => {
  rest.clearKey();
  location.reload();
});

readFragment();
renderCounts();
if (rest.isReady) start();
else {
  showState("signed-out");
  askForKey();
}
