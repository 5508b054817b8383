// Elements: DOM nodes. Text is always inserted as text, never as markup.

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const dayAndClock = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

/** An element with attributes and content (texts and other elements). */
export function make(tag, attributes = {}, ...content) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...content);
  return element;
}

/** The badge of simulated data; nothing for data of a real market. */
export const simulatedBadge = ({ simulated }) =>
  simulated ? [" ", make("small", { class: "badge simulated" }, "simulated")] : [];

/** A time in the local time zone, with its date if that is not today; the title has it in UTC. */
export function time(text) {
  const date = new Date(text);
  const isToday = date.toDateString() === new Date().toDateString();
  const utc = text.replace("T", " ").replace("Z", " UTC");
  return make("time", { datetime: text, title: utc }, isToday ? clock.format(date) : dayAndClock.format(date).replace(",", ""));
}
