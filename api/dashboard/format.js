// Format: numbers and names as text. A missing value is a dash, never 0.

export const MISSING = "–";

const PRICE_DIGITS = 6; // significant ones
const PRICE_DECIMALS = { min: 2, max: 8 };
const counts = new Intl.NumberFormat("en");
const cents = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });
const wholeDollars = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD", maximumFractionDigits: 0 });

const ifKnown = (value, format) => (value === null || value === undefined ? MISSING : format(Number(value)));

export const count = (value) => ifKnown(value, (x) => counts.format(x));
export const fixed = (value, digits) => ifKnown(value, (x) => x.toFixed(digits));
export const percent = (value) => ifKnown(value, (x) => `${(100 * x).toFixed(1)}%`);
export const signed = (value, digits) => ifKnown(value, (x) => `${x < 0 ? "−" : "+"}${Math.abs(x).toFixed(digits)}`);
export const dollars = (value) => ifKnown(value, (x) => (Math.abs(x) < 1_000 ? cents : wholeDollars).format(x));
export const sampleSize = (n) => `n\u00a0=\u00a0${counts.format(n)}`;

/** `volume_spike` as `volume spike`. */
export const words = (name) => name.replaceAll("_", " ");
export const capitalized = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** Prices of one instrument, all with as many decimals as the most precise of them needs. */
export function prices(values) {
  const magnitude = Math.floor(Math.log10(Math.max(...values.map(Math.abs))));
  const most = Math.min(PRICE_DECIMALS.max, Math.max(PRICE_DECIMALS.min, PRICE_DIGITS - 1 - magnitude));
  const zeros = Math.min(...values.map((value) => /0*$/.exec(value.toFixed(most))[0].length));
  const digits = Math.max(PRICE_DECIMALS.min, most - zeros);
  const format = new Intl.NumberFormat("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return values.map((value) => format.format(value));
}
