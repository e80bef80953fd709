/** The controls beside the selected image. */

import { parse, ranges, text } from "page/conditions";

/** An element with properties and children. */
export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** A row with a name, a slider and its value; `set(number)` is called while it moves. */
export function slider(name, { min, max, step, value, format, set }) {
  const input = element("input", { type: "range", min, max, step, value });
  input.classList.toggle("centered", min === -max);
  const output = element("output", { textContent: format(value) });
  input.ariaValueText = format(value);
  input.addEventListener("input", () => {
    input.ariaValueText = output.textContent = format(input.valueAsNumber);
    set(input.valueAsNumber);
  });
  return element("label", { className: "slider" }, element("span", { textContent: name }), input, output);
}

export const signed = (number) => (number > 0 ? "+" : number < 0 ? "−" : "") + Math.abs(number).toFixed(1);

/** A slider per direction. */
export function directions(contents, state, changed) {
  return contents.directions.map(({ name }, i) =>
    slider(name, {
      ...{ min: -3, max: 3, step: 0.1, value: state.amounts[i], format: signed },
      set: (amount) => {
        state.amounts[i] = amount;
        changed();
      },
    }),
  );
}

/** The controls of the condition of all images; none if the generator is not conditional. */
export function conditions({ condition }, state, changed) {
  if (!condition) return [];
  const set = (value) => {
    state.condition = value ? text(condition, value) : "";
    changed();
  };
  if (condition.kind === "class") return [classes(condition, state, set)];
  const start = ranges(condition).map(([low, high]) => (condition.ranges.length ? (low + high) / 2 : 0));
  const chosen = parse(condition, state.condition) ?? start;
  const parts = condition.names.map((name, i) => part(condition, name, i, chosen, () => set(chosen)));
  const inside = element("div", { className: "parts", hidden: !state.condition }, ...parts);
  const box = element("input", { type: "checkbox", checked: Boolean(state.condition) });
  box.addEventListener("change", () => {
    inside.hidden = !box.checked;
    set(box.checked ? chosen : null);
  });
  const label = element("label", { className: "check" }, box, "One condition for all images");
  return [label, inside];
}

function classes(condition, state, set) {
  const any = element("option", { value: "", textContent: "as in training" });
  const names = condition.names.map((name) => element("option", { value: name, textContent: name }));
  const select = element("select", {}, any, ...names);
  select.value = state.condition;
  select.addEventListener("change", () => set(parse(condition, select.value)));
  return element("label", { className: "field" }, element("span", { textContent: "Class" }), select);
}

function part(condition, name, i, chosen, set) {
  if (condition.kind === "classes") {
    const box = element("input", { type: "checkbox", checked: Boolean(chosen[i]) });
    box.addEventListener("change", () => {
      chosen[i] = Number(box.checked);
      set();
    });
    return element("label", { className: "check" }, box, name);
  }
  const [min, max] = condition.ranges[i];
  return slider(name, {
    ...{ min, max, step: (max - min) / 200, value: chosen[i] },
    format: (number) => Number(number.toPrecision(3)).toString(),
    set: (number) => {
      chosen[i] = number;
      set();
    },
  });
}
