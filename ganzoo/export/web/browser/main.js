/** Connects the controls, the state and the generator, and draws the images. */

import { copyLink, saveCanvas, saveGrid } from "page/saving";
import { parse } from "page/conditions";
import { conditions, directions, element, slider } from "page/controls";
import { Generator } from "page/generator";
import { Networks } from "page/networks";
import { COUNTS, end, fragment, read } from "page/state";

const SECONDS = 3; // of a walk in one direction
const byId = (id) => document.getElementById(id);
const contents = JSON.parse(byId("contents").textContent);
const selected = byId("selected").querySelector("canvas");
let state = read(location.hash, contents);
let generator = null;
let playing = false;

/** What the images depend on, apart from the seed and the index. */
const settings = () => ({
  truncation: state.truncation,
  condition: parse(contents.condition, state.condition),
  amounts: state.amounts,
});

// Drawing: the chosen image first, then those of the grid that have changed.

let isDrawing = false;
let isOld = false;
const drawn = new WeakMap();

async function draw() {
  isOld = true;
  if (isDrawing || !generator) return;
  isDrawing = true;
  try {
    while (isOld) {
      isOld = false;
      document.documentElement.dataset.state = "drawing";
      await drawAll();
    }
    document.documentElement.dataset.state = "ready";
  } catch (error) {
    fail(error);
  } finally {
    isDrawing = false;
  }
}

async function drawAll() {
  const now = { ...state, ...settings(), amounts: [...state.amounts] };
  const [from, to] = [now.image, end(now)].map((index) => generator.place(now.seed, index, now));
  await paint(selected, generator.between(await from, await to, now.at));
  await paint(byId("from"), await from);
  await paint(byId("to"), await to);
  for (const [index, tile] of tiles().entries()) {
    if (isOld) return;
    await paint(tile, await generator.place(now.seed, index, now));
  }
  const times = generator.milliseconds;
  const mean = times.reduce((a, b) => a + b, 0) / times.length;
  byId("speed").textContent = `${mean.toPrecision(2)} ms`;
}

/** Draw the image of a place, unless the canvas shows it already. */
async function paint(canvas, place) {
  const last = drawn.get(canvas);
  const isSame = (a, b) => a && b && a.length === b.length && a.every((x, i) => x === b[i]);
  const sameCondition = String(last?.condition) === String(place.condition);
  if (isSame(last?.point, place.point) && sameCondition) return;
  canvas.getContext("2d").putImageData(await generator.image(place), 0, 0);
  canvas.classList.add("drawn");
  drawn.set(canvas, place);
}

// The state and what shows it.

const tiles = () => [...byId("grid").querySelectorAll("canvas")];

/** Show the state in the link and in the images. */
function changed() {
  history.replaceState(null, "", fragment(state, contents));
  const { condition } = contents;
  const name = `Image ${state.image + 1}`;
  const chosen = condition && generator?.condition(state.seed, state.image, settings().condition);
  byId("caption").textContent = name + (condition?.kind === "class" && chosen ? ` · ${condition.names[chosen[0]]}` : "");
  byId("from").ariaLabel = `Start: image ${state.image + 1}`;
  byId("to").ariaLabel = `End: image ${end(state) + 1}`;
  draw();
}

function choose(index) {
  stop();
  if (state.to === index) state.to = null;
  state.image = index;
  state.at = 0;
  showWalk();
  changed();
}

function showGrid() {
  const { width, height } = contents.image_shape;
  const made = Array.from({ length: state.count }, (_, index) => {
    const input = element("input", { type: "radio", name: "image", className: "unseen" });
    input.checked = index === state.image;
    input.ariaLabel = `Image ${index + 1}`;
    input.addEventListener("change", () => choose(index));
    return element("label", {}, input, element("canvas", { width, height }));
  });
  byId("grid").replaceChildren(byId("grid").querySelector("legend"), ...made);
}

function showWalk() {
  const row = slider("Place", {
    ...{ min: 0, max: 1, step: 0.01, value: state.at },
    format: (at) => `${Math.round(100 * at)}%`,
    set: (at) => {
      stop();
      state.at = at;
      changed();
    },
  });
  byId("walk").replaceChildren(row);
}

function showControls() {
  const truncation = slider("Truncation", {
    ...{ min: 0.05, max: 1, step: 0.05, value: state.truncation },
    format: (number) => number.toFixed(2),
    set: (number) => {
      state.truncation = number;
      changed();
    },
  });
  truncation.title = "Below 1, images are more typical and less diverse";
  byId("sampling").replaceChildren(...conditions(contents, state, changed), truncation);
  byId("directions").replaceChildren(...directions(contents, state, changed));
  byId("seed").value = state.seed;
  byId("count").value = state.count;
  showWalk();
}

function showAll() {
  showGrid();
  showControls();
  changed();
}

// A walk that moves by itself.

function stop() {
  playing = false;
  byId("play").ariaPressed = "false";
  byId("play").textContent = "Play";
}

function play() {
  playing = true;
  byId("play").ariaPressed = "true";
  byId("play").textContent = "Stop";
  const offset = performance.now() - 1000 * SECONDS * state.at;
  const frame = () => {
    if (!playing) return;
    const phase = ((performance.now() - offset) / 1000 / SECONDS) % 2;
    state.at = Number((phase < 1 ? phase : 2 - phase).toFixed(2));
    const row = byId("walk").querySelector(".slider");
    row.querySelector("input").value = state.at;
    row.querySelector("output").textContent = `${Math.round(100 * state.at)}%`;
    draw();
    requestAnimationFrame(frame);
  };
  frame();
}

function seeded(seed) {
  stop();
  state.seed = seed;
  state.at = 0;
  showControls();
  changed();
}

byId("new").addEventListener("click", () => seeded(1 + Math.floor(Math.random() * 999_999)));
byId("seed").addEventListener("change", ({ target }) => {
  const seed = Math.floor(target.valueAsNumber);
  seeded(target.validity.valid && seed >= 0 ? seed : state.seed);
});
byId("count").append(
  ...COUNTS.map((value) => element("option", { value, textContent: `${value} images` })),
);
byId("count").addEventListener("change", ({ target }) => {
  state.count = Number(target.value);
  state.image = Math.min(state.image, state.count - 1);
  if (end(state) >= state.count) state.to = null;
  showAll();
});
byId("reset").addEventListener("click", () => {
  state.amounts.fill(0);
  showControls();
  changed();
});
byId("swap").addEventListener("click", () => {
  stop();
  [state.to, state.image] = [state.image, end(state)];
  state.at = Number((1 - state.at).toFixed(2));
  showAll();
});
byId("play").addEventListener("click", () => {
  if (!playing) return play();
  stop();
  changed();
});
const name = () => `${contents.name}-seed-${state.seed}`;
byId("save").addEventListener("click", () => saveCanvas(selected, `${name()}-image-${state.image + 1}.png`));
byId("save-grid").addEventListener("click", () => saveGrid(tiles(), `${name()}.png`));
byId("copy").addEventListener("click", ({ target }) => copyLink(target));
addEventListener("hashchange", () => {
  stop();
  state = read(location.hash, contents);
  showAll();
});

function fail(error) {
  document.documentElement.dataset.state = "failed";
  byId("status").textContent = `The generator does not run in this browser: ${error.message}`;
  console.error(error);
}

showAll();
try {
  const names = contents.intermediate ? ["map", "images"] : ["images"];
  generator = new Generator(contents, await Networks.start(names));
  byId("status").textContent = "";
  changed();
} catch (error) {
  fail(error);
}
