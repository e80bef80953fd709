/** Runs networks by ONNX Runtime in a worker, so that the page stays responsive. */

const networks = {};
let ort;

async function start({ script, wasm, models }) {
  ort = await import(script);
  ort.env.wasm.wasmBinary = wasm;
  ort.env.wasm.numThreads = 1; // more need headers that a file on a disk cannot have
  ort.env.logLevel = "error";
  for (const [name, model] of Object.entries(models)) {
    networks[name] = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
  }
}

/** The output of a network for its inputs by name, each as [type, numbers, shape]. */
async function run({ network, inputs }) {
  const session = networks[network];
  const feeds = {};
  for (const name of session.inputNames) feeds[name] = new ort.Tensor(...inputs[name]);
  const before = performance.now();
  const output = (await session.run(feeds))[session.outputNames[0]];
  return { numbers: output.data, milliseconds: performance.now() - before };
}

onmessage = async ({ data: { id, request } }) => {
  try {
    const result = await (request.models ? start(request) : run(request));
    postMessage({ id, result });
  } catch (error) {
    postMessage({ id, error: String(error?.message ?? error) });
  }
};
