/** Binary data that the page holds as base64. */

/** The bytes of a base64 text. */
export function bytes(base64) {
  const text = atob(base64);
  const result = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) result[i] = text.charCodeAt(i);
  return result;
}

/** The float32 numbers of a base64 text. */
export function floats(base64) {
  return new Float32Array(bytes(base64).buffer);
}

/** The uncompressed bytes of the gzip file that the element with this id holds as base64. */
export async function unpacked(id) {
  const element = document.getElementById(id);
  const packed = new Blob([bytes(element.textContent)]);
  element.remove(); // the browser can free the text
  const stream = packed.stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
