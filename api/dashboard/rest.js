// REST client: requests with the visitor's API key or token. It stays in this tab: in memory, or in sessionStorage.

const STORAGE_KEY = "signalengine.key";
const TIMEOUT_MS = 10_000;

/** The key was rejected; retrying with the same one will not help. */
export class AuthenticationError extends Error {}

export class RestClient {
  #key;

  constructor(requiresKey) {
    this.requiresKey = requiresKey;
    this.#key = requiresKey ? sessionStorage.getItem(STORAGE_KEY) : null;
  }

  get isReady() {
    return !this.requiresKey || this.#key !== null;
  }

  setKey(key, remember) {
    this.#key = key;
    if (remember) sessionStorage.setItem(STORAGE_KEY, key);
  }

  clearKey() {
    this.#key = null;
    sessionStorage.removeItem(STORAGE_KEY);
  }

  /** The JSON at a path. The browser revalidates its cached copy by ETag, as Cache-Control asks. */
  get(path) {
    return this.#request(path, "GET");
  }

  /** The query string that authenticates a WebSocket, on which no header can be set: a single-use ticket. */
  async websocketQuery() {
    if (!this.requiresKey) return "";
    const { ticket } = await this.#request("/api/v1/tickets", "POST");
    return `?ticket=${encodeURIComponent(ticket)}`;
  }

  async #request(path, method) {
    const headers = this.requiresKey ? { Authorization: `Bearer ${this.#key}` } : {};
    const response = await fetch(path, { method, headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (response.ok) return response.json();
    const problem = await response.json().catch(() => ({}));
    const detail = problem.detail ?? `${path} returned HTTP status ${response.status}`;
    throw response.status === 401 || response.status === 403 ? new AuthenticationError(detail) : new Error(detail);
  }
}
