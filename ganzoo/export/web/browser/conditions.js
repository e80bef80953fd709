/** What the generator is told about an image: a class, classes or values. */

/** The condition of a text such as "rose", "round,red" or "hue=0.7,size=0.3"; null if it is wrong. */
export function parse(condition, text) {
  if (!condition || !text) return null;
  if (condition.kind === "class") {
    const label = condition.names.indexOf(text);
    return label < 0 ? null : [label];
  }
  if (condition.kind === "classes") {
    const chosen = text.split(",");
    return condition.names.map((name) => Number(chosen.includes(name)));
  }
  const values = Object.fromEntries(text.split(",").map((part) => part.split("=")));
  return condition.names.map((name, i) => {
    const [low, high] = condition.ranges[i];
    const value = Number.parseFloat(values[name]);
    return Number.isNaN(value) ? (low + high) / 2 : Math.min(high, Math.max(low, value));
  });
}

/** The text of a condition, which `parse` and `ganzoo generate --condition` read. */
export function text(condition, value) {
  if (condition.kind === "class") return condition.names[value[0]];
  const pairs = condition.names.map((name, i) => [name, value[i]]);
  if (condition.kind === "classes") return pairs.filter((pair) => pair[1]).map((pair) => pair[0]).join(",");
  return pairs.map(([name, number]) => `${name}=${Number(number.toFixed(4))}`).join(",");
}

/** A condition, as often as in training: counts has the number of images of each label or row. */
export function drawn(condition, { counts, rows }, next) {
  let left = next() * counts.reduce((a, b) => a + b, 0);
  const found = counts.findIndex((count) => (left -= count) < 0);
  if (condition.kind === "class") return [found];
  const size = condition.names.length;
  return Array.from(rows.subarray(found * size, (found + 1) * size));
}
