/** Images from latents: what the page computes with the networks. */

import { floats } from "page/bytes";
import { drawn } from "page/conditions";
import { normal, uniform } from "page/random";

/** The mean of intermediate latents is that of so many latents. */
const MAPPED = 1024;
const MEAN_SEED = -1;

/** Changes a seed, so that the condition of an image is drawn by other numbers than its latents. */
const CONDITION_SEED = 0x5bd1e995;

/** m + amount * (x - m), for each number. */
const lerp = (m, x, amount) => m.map((number, i) => number + amount * (x[i] - number));

/** Spherical interpolation (Shoemake 1985), in the limit of parallel vectors a linear one. */
function slerp(a, b, t) {
  const dot = (p, q) => p.reduce((sum, number, i) => sum + number * q[i], 0);
  const cosine = dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
  const sine = Math.sin(angle);
  const weight = (part) => (sine > 1e-6 ? Math.sin(part * angle) / sine : part);
  return a.map((number, i) => weight(1 - t) * number + weight(t) * b[i]);
}

export class Generator {
  #contents;
  #networks;
  #points = new Map();
  #means = new Map();
  /** How long the network took for the last images. */
  milliseconds = [];

  constructor(contents, networks) {
    this.#contents = contents;
    this.#networks = networks;
    this.first = floats(contents.first.latents);
    this.mean = floats(contents.mean);
    this.steps = contents.directions.map(({ step }) => floats(step));
    this.rows = contents.frequencies?.rows && floats(contents.frequencies.rows);
  }

  /** The latents of image `index` of a seed; the first images of seed 0 are stored in the page. */
  latents(seed, index) {
    const { size, stored, normal: isNormal } = this.#contents.latents;
    const at = (i) => this.first.slice(i * size, (i + 1) * size);
    if (seed === 0 && index < stored) return at(index);
    const next = uniform(seed, index);
    return isNormal ? normal(size, next) : at(Math.floor(next() * stored));
  }

  /** The condition of an image: the chosen one, or as often as in training; null if none. */
  condition(seed, index, chosen) {
    const { condition, first, frequencies } = this.#contents;
    if (!condition) return null;
    if (chosen) return chosen;
    if (seed === 0 && index < first.conditions.length) return first.conditions[index];
    return drawn(condition, { ...frequencies, rows: this.rows }, uniform(seed ^ CONDITION_SEED, index));
  }

  /** {point, condition} of an image with these settings: {truncation, condition, amounts}. */
  async place(seed, index, settings) {
    const condition = this.condition(seed, index, settings.condition);
    const key = `${seed} ${index} ${condition}`;
    if (!this.#points.has(key)) {
      if (this.#points.size > 500) this.#points.clear();
      this.#points.set(key, await this.#mapped([this.latents(seed, index)], condition));
    }
    let point = this.#points.get(key);
    if (settings.truncation < 1) point = lerp(await this.#mean(condition), point, settings.truncation);
    return { point: this.#edited(point, settings.amounts), condition };
  }

  /** The place between two places, from `a` at t = 0 to `b` at t = 1. */
  between(a, b, t) {
    const point = this.#contents.intermediate ? lerp(a.point, b.point, t) : slerp(a.point, b.point, t);
    const mixes = a.condition && this.#contents.condition.kind === "vector";
    return { point, condition: mixes ? lerp(a.condition, b.condition, t) : t < 0.5 ? a.condition : b.condition };
  }

  /** The pixels of a place as ImageData. */
  async image({ point, condition }) {
    const input = ["float32", point, [1, ...this.#contents.point_shape]];
    const inputs = this.#contents.intermediate ? { intermediate: input } : { latents: input };
    if (condition) inputs.condition = this.#row(condition, 1);
    const { numbers, milliseconds } = await this.#networks.run("images", inputs);
    this.milliseconds = [...this.milliseconds.slice(-63), milliseconds];
    return this.#pixels(numbers);
  }

  #edited(point, amounts) {
    const edited = Float32Array.from(point);
    amounts.forEach((amount, number) => {
      if (amount) this.steps[number].forEach((x, i) => (edited[i] += amount * x));
    });
    return edited;
  }

  async #mapped(latents, condition) {
    if (!this.#contents.intermediate) return latents[0];
    const { shape, size } = this.#contents.latents;
    const all = new Float32Array(latents.length * size);
    latents.forEach((each, i) => all.set(each, i * size));
    const inputs = { latents: ["float32", all, [latents.length, ...shape]] };
    if (condition) inputs.condition = this.#row(condition, latents.length);
    return (await this.#networks.run("map", inputs)).numbers;
  }

  /** The mean of latents, or that of the intermediate latents with a condition. */
  async #mean(condition) {
    if (!this.#contents.intermediate) return this.mean;
    const key = String(condition);
    if (!this.#means.has(key)) {
      const latents = Array.from({ length: MAPPED }, (_, i) => this.latents(MEAN_SEED, i));
      const points = await this.#mapped(latents, condition);
      const size = points.length / MAPPED;
      const sums = new Float64Array(size);
      points.forEach((number, i) => (sums[i % size] += number));
      this.#means.set(key, Float32Array.from(sums, (sum) => sum / MAPPED));
    }
    return this.#means.get(key);
  }

  /** A condition as the input of a network for n images. */
  #row(condition, n) {
    const rows = Array.from({ length: n }, () => Array.from(condition)).flat();
    if (this.#contents.condition.kind === "class") {
      return ["int64", BigInt64Array.from(rows, BigInt), [n]];
    }
    return ["float32", Float32Array.from(rows), [n, condition.length]];
  }

  /** Numbers in [-1, 1], (C, H, W), as 8-bit RGBA. */
  #pixels(numbers) {
    const { channels, height, width } = this.#contents.image_shape;
    const image = new ImageData(width, height);
    const plane = width * height;
    const colors = channels < 3 ? 1 : 3;
    for (let i = 0; i < plane; i++) {
      for (let c = 0; c < 4; c++) {
        // Gray is repeated; the channel after the colors is the opacity.
        const source = c < 3 ? (colors === 1 ? 0 : c) : colors;
        image.data[4 * i + c] =
          source < channels ? Math.round((numbers[source * plane + i] + 1) * 127.5) : 255;
      }
    }
    return image;
  }
}
