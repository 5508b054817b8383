// Elements: how words and numbers come onto the page. All of them as text, whoever wrote them.

export const UNKNOWN = "–";

/** An element with classes, titles and such, around texts and other elements. */
export function make(tag, attributes = {}, ...content) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...content);
  return element;
}

const figures = new Intl.NumberFormat("en", { maximumSignificantDigits: 7 });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** What is not known is a dash, never 0. */
const unless = (value, say) => (value === null || value === undefined ? UNKNOWN : say(Number(value)));

export const number = (value) => unless(value, (x) => figures.format(x));
export const fixed = (value, digits) => unless(value, (x) => x.toFixed(digits));
export const counted = (n) => `n\u00a0=\u00a0${n}`;
export const share = (value) => unless(value, (x) => `${(100 * x).toFixed(1)} %`);
export const signed = (value, digits) => unless(value, (x) => `${x < 0 ? "−" : "+"}${Math.abs(x).toFixed(digits)}`);
export const dollars = (value) => unless(value, (x) => `$${figures.format(Math.round(100 * x) / 100)}`);

/** What marks data of no real market. */
export const mark = ({ simulated }) => (simulated ? [" ", make("small", { class: "badge simulated" }, "simulated")] : []);

/** The reader's own time; UTC is in the title. */
export function time(text) {
  const utc = text.replace("T", " ").replace("Z", " UTC");
  return make("time", { datetime: text, title: utc }, clock.format(new Date(text)));
}
