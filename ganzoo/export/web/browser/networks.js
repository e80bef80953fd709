/** The networks of the page, which run in a worker. */

import { unpacked } from "page/bytes";

const text = (id) => document.getElementById(id).textContent;

export class Networks {
  #worker;
  #waiting = new Map();
  #next = 0;

  /** Start the networks of these names. */
  static async start(names) {
    const networks = new Networks();
    // In a page from a disk, Chromium starts no module as a worker; but a script that imports one.
    const script = new Blob([text("worker")], { type: "text/javascript" });
    networks.#worker = new Worker(URL.createObjectURL(script));
    networks.#worker.onmessage = ({ data }) => networks.#settle(data);
    networks.#worker.onerror = (event) => networks.#fail(event.message ?? "no worker can start");
    const [wasm, ...models] = await Promise.all(["runtime-wasm", ...names].map(unpacked));
    await networks.#ask({
      script: `data:text/javascript;base64,${text("runtime-script")}`,
      wasm: wasm.buffer,
      models: Object.fromEntries(names.map((name, i) => [name, models[i]])),
    });
    return networks;
  }

  /** The output of a network, {numbers, milliseconds}, for inputs by name: [type, numbers, shape]. */
  run(network, inputs) {
    return this.#ask({ network, inputs });
  }

  #ask(request) {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, request });
    });
  }

  #settle({ id, result, error }) {
    const { resolve, reject } = this.#waiting.get(id);
    this.#waiting.delete(id);
    error === undefined ? resolve(result) : reject(new Error(error));
  }

  #fail(message) {
    for (const { reject } of this.#waiting.values()) reject(new Error(message));
  }
}
