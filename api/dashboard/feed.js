// Feed: one channel of /ws/feed across reconnects. It resumes where it stopped, or reports what was missed.

import { AuthenticationError } from "/dashboard/rest.js";

const SUBSCRIPTION = 1;
const BACKOFF_MIN_MS = 500;
const BACKOFF_MAX_MS = 15_000;
const BUSY_PAUSE_MS = 5_000;
const CLOSE = { later: 1013, bad: 4400, unauthenticated: 4401, forbidden: 4403, flooding: 4429 };

export class Feed {
  #socket = null;
  #timer = 0;
  #attempts = 0;
  #receivedAt = 0;
  #isStale = false;
  #position = null; // epoch and seq of the last message, to resume from
  #head = null; // newest epoch and seq when the server accepted the subscription; null until then
  #firstSeq = null; // seq at the very first subscription: older messages come from the snapshot

  /**
   * `on` has the callbacks state(name, detail), message(message, isNew), gap(gap), status(data),
   * authenticationFailed(detail) and lag(ms): the delay of the last message, or the time since there was one.
   */
  constructor({ channel, snapshot, keepaliveMs, query, on }) {
    Object.assign(this, { channel, snapshot, keepaliveMs, query, on });
    setInterval(() => this.#checkLiveness(), Math.min(1_000, keepaliveMs));
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
      if (problem instanceof AuthenticationError) this.#stop(problem.message);
      else this.#scheduleReconnect(0);
      return;
    }
    const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/ws/feed${query}`);
    this.#socket = socket;
    this.#receivedAt = performance.now();
    socket.onopen = () => this.#subscribe();
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
    socket.onclose = ({ code, reason }) => this.#closed(code, reason);
  }

  #subscribe() {
    console.info("WebSocket connected");
    const start = this.#position ? { since: this.#position } : { snapshot: this.snapshot };
    this.#socket.send(JSON.stringify({ op: "subscribe", id: SUBSCRIPTION, channel: this.channel, ...start }));
  }

  #receive(message) {
    this.#receivedAt = performance.now();
    if (this.#isStale) this.on.state("live");
    this.#isStale = false;
    if (message.type === "subscribed") this.#subscribed(message);
    else if (message.type === "status") this.on.status(message.data);
    else if (message.type === "going_away") this.#disconnect(message.reconnect_after_ms);
    else if (message.type === "error" && message.id === SUBSCRIPTION) this.#subscriptionRejected(message);
    else if (this.#head === null) return; // messages before `subscribed` are repeated after it, or not for us
    else if (message.type === "keepalive") this.#advance(message.epoch, message.heads[this.channel]);
    else if (message.channel !== this.channel) return;
    else if (message.type === "gap") this.#missed(message);
    else this.#deliver(message);
    if (message.type === "keepalive" || message.type === "status") this.#reportLag(message);
  }

  #subscribed({ epoch, seq, recovered }) {
    this.#attempts = 0;
    this.#head = { epoch, seq };
    this.#firstSeq ??= seq;
    if (this.#position === null) this.#advance(epoch, seq);
    this.on.state("live", { true: "resumed, nothing missed", false: "resumed with a gap", null: "" }[recovered]);
  }

  #deliver(message) {
    this.#advance(this.#head.epoch, message.seq);
    this.on.message(message, message.seq > this.#firstSeq);
    if (message.seq > this.#head.seq) this.#reportLag(message);
  }

  #missed(gap) {
    if (gap.epoch !== this.#head.epoch) this.#head = { epoch: gap.epoch, seq: 0 }; // the numbering has just restarted
    else if (gap.reason === "epoch_changed") this.#position = { ...this.#head };
    else if (gap.to !== null) this.#advance(gap.epoch, gap.to);
    if (gap.reason === "epoch_changed") this.#firstSeq = 0;
    this.on.gap(gap);
  }

  #advance(epoch, seq) {
    if (seq !== undefined) this.#position = { epoch, seq };
    if (this.#head) this.#head.epoch = epoch;
  }

  #reportLag({ ts }) {
    this.on.lag(Math.max(0, Date.now() - Date.parse(ts)));
  }

  /** Start over if the server rejects our position for good; otherwise retry with it. */
  #subscriptionRejected({ retryable, detail }) {
    if (!retryable) {
      this.on.gap({ reason: detail, from: 0, to: null, backfill: null });
      this.#position = this.#firstSeq = null;
    }
    this.#disconnect(BUSY_PAUSE_MS);
  }

  #closed(code, reason) {
    this.#socket = null;
    if (code === CLOSE.unauthenticated) this.#stop(reason);
    else if (code === CLOSE.bad || code === CLOSE.forbidden) this.on.state("refused", reason);
    else this.#scheduleReconnect(code === CLOSE.later || code === CLOSE.flooding ? BUSY_PAUSE_MS : 0);
  }

  #disconnect(pauseMs) {
    this.#socket.onclose = this.#socket.onmessage = this.#socket.onopen = null;
    this.#socket.close();
    this.#socket = null;
    this.#scheduleReconnect(pauseMs);
  }

  /** Reconnect after `requestedMs`, or with exponential backoff and jitter if that is 0. */
  #scheduleReconnect(requestedMs) {
    const backoffMs = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** this.#attempts++);
    const pauseMs = requestedMs || backoffMs * (0.5 + Math.random() / 2);
    this.on.state("reconnecting", `retry in ${(pauseMs / 1_000).toFixed(1)} s`);
    this.#timer = setTimeout(() => this.open(), pauseMs);
  }

  #stop(detail) {
    this.on.state("signed-out");
    this.on.authenticationFailed(detail);
  }

  /** Detect a dead connection: a live server sends something every `keepaliveMs`. */
  #checkLiveness() {
    if (this.#socket === null) return;
    const silentMs = performance.now() - this.#receivedAt;
    if (silentMs > 5 * this.keepaliveMs) this.#disconnect(0);
    else if (silentMs > 2.5 * this.keepaliveMs) {
      if (!this.#isStale) this.on.state("stale", "no data from the server");
      this.#isStale = true;
      this.on.lag(silentMs);
    }
  }
}
