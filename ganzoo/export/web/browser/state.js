/** What the page shows, and the link to it: the part of the address after # has all of it. */

import { parse } from "page/conditions";

export const COUNTS = [12, 24, 48, 64];

/** The index of the image at which the walk ends. */
export const end = ({ to, image, count }) => to ?? (image + 1) % count;

/** The state of a page that was just opened. */
export const initial = (contents) => ({
  seed: 0,
  count: 24,
  image: 0,
  truncation: 1,
  condition: "",
  amounts: contents.directions.map(() => 0),
  to: null, // the next image
  at: 0,
});

const within = (text, low, high, otherwise) => {
  const number = Number.parseFloat(text);
  return Number.isFinite(number) ? Math.min(high, Math.max(low, number)) : otherwise;
};

/** The state of a link; what is missing or wrong has its initial value. */
export function read(fragment, contents) {
  const link = new URLSearchParams(fragment.replace(/^#/, ""));
  const start = initial(contents);
  const count = Number(link.get("count"));
  const state = { ...start, count: COUNTS.includes(count) ? count : start.count };
  const last = state.count - 1;
  state.seed = Math.floor(within(link.get("seed"), 0, 2 ** 31 - 1, start.seed));
  state.image = Math.floor(within(link.get("image"), 0, last, start.image));
  const to = within(link.get("to"), 0, last, null);
  state.to = to === null ? null : Math.floor(to);
  state.at = within(link.get("at"), 0, 1, start.at);
  state.truncation = within(link.get("truncation"), 0.05, 1, start.truncation);
  const condition = link.get("condition") ?? "";
  if (parse(contents.condition, condition)) state.condition = condition;
  state.amounts = contents.directions.map(({ name }) => within(link.get(`edit.${name}`), -3, 3, 0));
  return state;
}

/** The link to a state, which holds what differs from a page that was just opened. */
export function fragment(state, contents) {
  const link = new URLSearchParams();
  const start = initial(contents);
  for (const key of ["seed", "count", "image", "truncation", "condition", "to", "at"]) {
    if (state[key] !== start[key]) link.set(key, state[key]);
  }
  contents.directions.forEach(({ name }, i) => {
    if (state.amounts[i]) link.set(`edit.${name}`, state.amounts[i]);
  });
  return `#${link}`;
}
