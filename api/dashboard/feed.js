// Feed: a channel of /ws/feed through every loss of connection. It goes on where it stopped, or says what is missing.

import { Refused } from "/dashboard/access.js";

const SUBSCRIPTION = 1;
const SHORTEST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
const BUSY_PAUSE_MS = 5_000;
const [LATER, BAD, UNAUTHENTICATED, FORBIDDEN, FLOODING] = [1013, 4400, 4401, 4403, 4429];

export class Feed {
  #socket = null;
  #timer = 0;
  #tries = 0;
  #heardAt = 0;
  #isStale = false;
  #position = null; // the last message we had; what we resume from
  #head = null; // the newest there was when the server took our subscription; null until then
  #first = null; // seq at our very first subscription: what is older was there before us

  /**
   * `on` has state(name, note), message(message, isNew), gap(gap), status(data), refused(why), and lag(ms): how far
   * behind we were at the last word, or how long there was none.
   */
  constructor({ channel, snapshot, keepaliveMs, query, on }) {
    Object.assign(this, { channel, snapshot, keepaliveMs, query, on });
    setInterval(() => this.#watch(), Math.min(1_000, keepaliveMs));
    addEventListener("online", () => this.#socket === null && this.#timer && this.open());
  }

  async open() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#head = null;
    this.#isStale = false;
    let query;
    try {
      query = await this.query();
    } catch (problem) {
      if (problem instanceof Refused) this.#stop(problem.message);
      else this.#comeBack(0);
      return;
    }
    const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/ws/feed${query}`);
    this.#socket = socket;
    this.#heardAt = performance.now();
    socket.onopen = () => this.#subscribe();
    socket.onmessage = ({ data }) => this.#hear(JSON.parse(data));
    socket.onclose = ({ code, reason }) => this.#lose(code, reason);
  }

  #subscribe() {
    const place = this.#position ? { since: this.#position } : { snapshot: this.snapshot };
    this.#socket.send(JSON.stringify({ op: "subscribe", id: SUBSCRIPTION, channel: this.channel, ...place }));
  }

  #hear(message) {
    this.#heardAt = performance.now();
    if (this.#isStale) this.on.state("live");
    this.#isStale = false;
    if (message.type === "subscribed") this.#begin(message);
    else if (message.type === "status") this.on.status(message.data);
    else if (message.type === "going_away") this.#drop(message.reconnect_after_ms);
    else if (message.type === "error" && message.id === SUBSCRIPTION) this.#beRefused(message);
    else if (this.#head === null) return; // what came before `subscribed` comes again, or was never asked for
    else if (message.type === "keepalive") this.#move(message.epoch, message.heads[this.channel]);
    else if (message.channel !== this.channel) return;
    else if (message.type === "gap") this.#miss(message);
    else this.#take(message);
    if (message.type === "keepalive" || message.type === "status") this.#measure(message);
  }

  #begin({ epoch, seq, recovered }) {
    this.#tries = 0;
    this.#head = { epoch, seq };
    this.#first ??= seq;
    if (this.#position === null) this.#move(epoch, seq);
    this.on.state("live", { true: "resumed, 0 lost", false: "resumed with a gap", null: "" }[recovered]);
  }

  #take(message) {
    this.#move(this.#head.epoch, message.seq);
    this.on.message(message, message.seq > this.#first);
    if (message.seq > this.#head.seq) this.#measure(message);
  }

  #miss(gap) {
    if (gap.epoch !== this.#head.epoch) this.#head = { epoch: gap.epoch, seq: 0 }; // seqs began anew just now
    else if (gap.reason === "epoch_changed") this.#position = { ...this.#head };
    else if (gap.to !== null) this.#move(gap.epoch, gap.to);
    if (gap.reason === "epoch_changed") this.#first = 0;
    this.on.gap(gap);
  }

  #move(epoch, seq) {
    if (epoch !== null && seq !== undefined) this.#position = { epoch, seq };
    if (this.#head && epoch !== null) this.#head.epoch = epoch;
  }

  #measure({ ts }) {
    this.on.lag(Math.max(0, Date.now() - Date.parse(ts)));
  }

  /** The server did not take our subscription; a position that it does not know will not become known. */
  #beRefused({ retryable, detail }) {
    if (!retryable) {
      this.on.gap({ reason: detail, from: 0, to: null, backfill: null });
      this.#position = this.#first = null;
    }
    this.#drop(BUSY_PAUSE_MS);
  }

  #lose(code, reason) {
    this.#socket = null;
    if (code === UNAUTHENTICATED) this.#stop(reason);
    else if (code === BAD || code === FORBIDDEN) this.on.state("refused", reason);
    else this.#comeBack(code === LATER || code === FLOODING ? BUSY_PAUSE_MS : 0);
  }

  #drop(pauseMs) {
    this.#socket.onclose = this.#socket.onmessage = this.#socket.onopen = null;
    this.#socket.close();
    this.#socket = null;
    this.#comeBack(pauseMs);
  }

  #comeBack(wishedMs) {
    const most = Math.min(LONGEST_PAUSE_MS, SHORTEST_PAUSE_MS * 2 ** this.#tries++);
    const pauseMs = wishedMs || most * (0.5 + Math.random() / 2);
    this.on.state("reconnecting", `in ${(pauseMs / 1_000).toFixed(1)} s`);
    this.#timer = setTimeout(() => this.open(), pauseMs);
  }

  #stop(why) {
    this.on.state("signed out", "");
    this.on.refused(why);
  }

  /** A connection may be dead without a word: a server that is there says something every `keepaliveMs`. */
  #watch() {
    if (this.#socket === null) return;
    const quietMs = performance.now() - this.#heardAt;
    if (quietMs > 5 * this.keepaliveMs) this.#drop(0);
    else if (quietMs > 2.5 * this.keepaliveMs) {
      if (!this.#isStale) this.on.state("stale", "nothing is heard");
      this.#isStale = true;
      this.on.lag(quietMs);
    }
  }
}
