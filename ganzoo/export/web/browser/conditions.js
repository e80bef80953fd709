/** What the generator is told about an image: a class, classes or values. */

/** The lowest and the highest number of each name; of classes, 0 and 1. */
export const ranges = ({ names, ranges }) => (ranges.length ? ranges : names.map(() => [0, 1]));

/** The condition of a text such as "rose" or "hue=0.7,size=0.3"; null if it is wrong. */
export function parse(condition, text) {
  if (!condition || !text) return null;
  if (condition.kind === "class") {
    const label = condition.names.indexOf(text);
    return label < 0 ? null : [label];
  }
  const values = Object.fromEntries(text.split(",").map((part) => part.split("=")));
  const numbers = condition.names.map((name) => Number.parseFloat(values[name]));
  if (numbers.some(Number.isNaN)) return null;
  const limits = ranges(condition);
  return numbers.map((number, i) => Math.min(limits[i][1], Math.max(limits[i][0], number)));
}

/** The text of a condition, which `parse` and `ganzoo generate --condition` read. */
export function text(condition, value) {
  if (condition.kind === "class") return condition.names[value[0]];
  const pairs = condition.names.map((name, i) => `${name}=${Number(value[i].toFixed(4))}`);
  return pairs.join(",");
}

/** A condition, as often as in training: counts has the number of images of each label or row. */
export function drawn(condition, { counts, rows }, next) {
  let left = next() * counts.reduce((a, b) => a + b, 0);
  const found = counts.findIndex((count) => (left -= count) < 0);
  if (condition.kind === "class") return [found];
  const size = condition.names.length;
  return Array.from(rows.subarray(found * size, (found + 1) * size));
}
