/** Images as PNG files, and the link to what the page shows. */

import { element } from "page/controls";

const GAP = 2;

/** Save a canvas in its own size. */
export async function saveCanvas(canvas, name) {
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  const href = URL.createObjectURL(blob);
  element("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}

/** Save canvases of one size as a grid that is about square, as `ganzoo generate --out grid.png` does. */
export async function saveGrid(canvases, name) {
  const [{ width, height }] = canvases;
  const columns = Math.max(1, Math.round(Math.sqrt((canvases.length * height) / width)));
  const rows = Math.ceil(canvases.length / columns);
  const grid = element("canvas", {
    width: columns * (width + GAP) + GAP,
    height: rows * (height + GAP) + GAP,
  });
  const context = grid.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, grid.width, grid.height);
  canvases.forEach((canvas, i) => {
    const [x, y] = [i % columns, Math.floor(i / columns)];
    context.drawImage(canvas, GAP + x * (width + GAP), GAP + y * (height + GAP));
  });
  await saveCanvas(grid, name);
}

/** Copy the link; where the browser does not allow this, show it to be copied. */
export async function copyLink(button) {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(location.href);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = label), 1500);
  } catch {
    prompt("The link to these images:", location.href);
  }
}
