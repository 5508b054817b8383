// Page: puts the feed, the figures and the filters together.

import { Access } from "/dashboard/access.js";
import { make } from "/dashboard/elements.js";
import { Feed } from "/dashboard/feed.js";
import { refresh, show, showStatus } from "/dashboard/figures.js";
import { row } from "/dashboard/rows.js";
import { toast } from "/dashboard/toasts.js";

const KEPT = 1_000;
const SHOWN = 200;
const REFRESH_MS = 15_000;

const page = document.documentElement.dataset;
const part = (id) => document.getElementById(id);
const filters = part("filters");
const rows = part("rows");

const kept = []; // signals, oldest first
const known = new Set(); // their ids
let waiting = []; // what came since the last frame: [signal, isNew]
let received = 0;
let missed = 0;

// Filters: kept in the fragment of the address, which no server sees, so that a reload or a link shows the same.

function readAddress() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  filters.reset();
  for (const name of ["direction", "symbol", "min_confidence"]) {
    if (wanted.has(name)) filters.elements[name].value = wanted.get(name);
  }
  filters.elements.mute.checked = wanted.has("mute");
}

function chosen() {
  const { direction, symbol, min_confidence: least, mute } = filters.elements;
  return {
    direction: direction.value,
    symbol: symbol.value.trim().toUpperCase(),
    min_confidence: Number(least.value),
    mute: mute.checked,
  };
}

function passes(signal, { direction, symbol, min_confidence }) {
  return (
    (!direction || signal.direction === direction) &&
    `${signal.venue}:${signal.symbol}`.toUpperCase().includes(symbol) &&
    signal.raw_confidence >= min_confidence
  );
}

filters.addEventListener("submit", (event) => event.preventDefault());
filters.addEventListener("input", () => {
  const set = Object.entries(chosen()).filter(([, value]) => value);
  history.replaceState(null, "", `#${new URLSearchParams(set.map(([name, value]) => [name, value === true ? 1 : value]))}`);
  paintAll();
});
addEventListener("hashchange", () => {
  readAddress();
  paintAll();
});

// Signals: what comes is painted once a frame, however much it is.

function hear(message, isNew) {
  waiting.push([message.data, isNew]);
  if (waiting.length === 1) requestAnimationFrame(paint);
  if (waiting.length > 2 * KEPT) waiting = waiting.slice(-KEPT); // no frames are painted while nobody looks
}

function paint() {
  const fresh = waiting.filter(([signal]) => !known.has(signal.id) && known.add(signal.id));
  waiting = [];
  const signals = fresh.map(([signal]) => signal);
  kept.push(...signals);
  for (const { id } of kept.splice(0, kept.length - KEPT)) known.delete(id);
  const wanted = chosen();
  const passing = signals.filter((signal) => passes(signal, wanted));
  rows.prepend(...passing.slice(-SHOWN).reverse().map(row));
  while (rows.childElementCount > SHOWN) rows.lastElementChild.remove();
  received += signals.length;
  if (!wanted.mute) toast(fresh.flatMap(([signal, isNew]) => (isNew && passes(signal, wanted) ? [signal] : [])));
  count();
}

function paintAll() {
  const wanted = chosen();
  const passing = kept.filter((signal) => passes(signal, wanted));
  rows.replaceChildren(...passing.slice(-SHOWN).reverse().map(row));
  count();
}

function count() {
  part("least").textContent = chosen().min_confidence.toFixed(2);
  part("count").textContent = `${rows.childElementCount} of ${kept.length} shown`;
  part("empty").hidden = rows.childElementCount > 0;
  part("empty").textContent = kept.length
    ? "None of the signals here passes these filters."
    : "No signals yet. They appear here as they are made.";
  show("Signals here", String(received), { 0: "none missed", 1: "1 gap" }[missed] ?? `${missed} gaps`);
}

function tellGap({ from, to, reason, backfill }) {
  missed += 1;
  const many = to === null ? "an unknown number" : `at most ${to - from + 1}`;
  const see = backfill ? [" See ", make("a", { href: backfill }, backfill)] : [];
  part("gaps").replaceChildren(`Gap ${missed}: ${many} missed (${reason.replaceAll("_", " ")}).`, ...see);
  part("gaps").hidden = false;
  count();
}

// Connection.

function showState(name, text = "") {
  part("pill").dataset.state = name;
  part("state").textContent = text ? `${name}, ${text}` : name;
  if (name !== "live") part("lag").textContent = "";
}

const access = new Access(page.authentication === "required");
const feed = new Feed({
  channel: "signals",
  snapshot: 100,
  keepaliveMs: 1_000 * page.keepaliveS,
  query: () => access.query(),
  on: {
    state: showState,
    message: hear,
    gap: tellGap,
    status: showStatus,
    lag: (ms) => (part("lag").textContent = ms < 10_000 ? `${Math.round(ms)} ms` : `${Math.round(ms / 1_000)} s`),
    refused: ask,
  },
});

// What is polled, while somebody looks.

const look = () => !document.hidden && access.isOpen && refresh(access);
setInterval(look, REFRESH_MS);
document.addEventListener("visibilitychange", look);

// Entrance.

function ask(why = "") {
  access.forget();
  part("entrance").hidden = false;
  part("refusal").textContent = why;
  part("key").focus();
}

function enter() {
  part("entrance").hidden = true;
  feed.open();
  look();
}

part("entrance").addEventListener("submit", (event) => {
  event.preventDefault();
  access.take(part("key").value.trim(), part("keep").checked);
  part("key").value = "";
  enter();
});

readAddress();
count();
if (access.isOpen) enter();
else {
  showState("signed out");
  ask();
}
