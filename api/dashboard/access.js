// Access: REST for somebody who may need a key. The key stays in this tab: in memory, or in sessionStorage if wished.

const STORED = "signalengine.key";

/** The key was not taken; asking again with the same one will not help. */
export class Refused extends Error {}

export class Access {
  #key;

  constructor(isRequired) {
    this.isRequired = isRequired;
    this.#key = isRequired ? sessionStorage.getItem(STORED) : null;
  }

  get isOpen() {
    return !this.isRequired || this.#key !== null;
  }

  take(key, isKept) {
    this.#key = key;
    if (isKept) sessionStorage.setItem(STORED, key);
  }

  forget() {
    this.#key = null;
    sessionStorage.removeItem(STORED);
  }

  /** The JSON at a path. The browser asks with the ETag it has, as the answer's Cache-Control wants it. */
  get(path) {
    return this.#ask(path, "GET");
  }

  /** What to put behind the address of a WebSocket, which no header can go with; a ticket is worth one use. */
  async query() {
    if (!this.isRequired) return "";
    const { ticket } = await this.#ask("/api/v1/tickets", "POST");
    return `?ticket=${encodeURIComponent(ticket)}`;
  }

  async #ask(path, method) {
    const headers = this.isRequired ? { Authorization: `Bearer ${this.#key}` } : {};
    const answer = await fetch(path, { method, headers, signal: AbortSignal.timeout(10_000) });
    if (answer.ok) return answer.json();
    const problem = await answer.json().catch(() => ({}));
    const detail = problem.detail ?? `${path} was answered ${answer.status}`;
    throw answer.status === 401 || answer.status === 403 ? new Refused(detail) : new Error(detail);
  }
}
