"use strict";

// Charts: each figure contains its lines as JSON and is drawn when it becomes visible.

const cssColor = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const touch = matchMedia("(pointer: coarse)").matches;
const charts = new Map([...document.querySelectorAll(".chart")].map((figure) => [figure, {
  ...JSON.parse(figure.querySelector("script").textContent),
  controls: figure.parentElement.querySelector(".controls"),
  plot: figure.querySelector(".plot"),
  drawn: false,
  grid: null, // the sample grid whose step is marked
}]));

// Exponential moving average with bias correction; null values stay null.
function smoothed(values, weight) {
  let sum = 0, total = 0;
  return values.map((value) => {
    if (value === null) return null;
    sum = weight * sum + (1 - weight) * value;
    total = weight * total + (1 - weight);
    return sum / total;
  });
}

function traces(chart, xAxis, weight) {
  const last = chart.lines.flatMap((line) => line[xAxis]).reduce((a, b) => Math.max(a, b), 1);
  const baselines = [...new Set(chart.lines.map((line) => line.baseline).filter((baseline) => baseline !== null))].map((baseline) => ({
    x: [0, last], y: [baseline, baseline], name: "baseline", type: "scatter", mode: "lines", line: { color: cssColor("--muted"), width: 1.5, dash: "dash" },
  }));
  return baselines.concat(chart.lines.flatMap((line, i) => {
    const lineColor = cssColor(`--c${(line.color ?? i) % 8}`);
    const few = line.value.length < 40;
    const trace = { x: line[xAxis], name: line.name.length > 30 ? `${line.name.slice(0, 29)}…` : line.name, type: "scatter", mode: few ? "lines+markers" : "lines", line: { color: lineColor, width: 2 }, marker: { size: 5 } };
    return weight && !few ? [
      { ...trace, y: line.value, opacity: 0.25, line: { color: lineColor, width: 1 }, hoverinfo: "skip" },
      { ...trace, y: smoothed(line.value, weight) },
    ] : [{ ...trace, y: line.value }];
  }));
}

function stepMarker(chart, xAxis) {
  if (!chart.grid) return [];
  const x = chart.grid[xAxis];
  return [{ type: "line", x0: x, x1: x, y0: 0, y1: 1, yref: "paper", line: { color: cssColor("--muted"), width: 1, dash: "dot" } }];
}

function draw(chart) {
  const options = new FormData(chart.controls);
  const xAxis = options.get("x-axis");
  const axis = { gridcolor: cssColor("--border"), zerolinecolor: cssColor("--border"), linecolor: cssColor("--border"), automargin: true };
  Plotly.react(chart.plot, traces(chart, xAxis, chart.smooth ? Number(options.get("smoothing") ?? 0) : 0), {
    paper_bgcolor: "transparent", plot_bgcolor: "transparent",
    font: { color: cssColor("--muted"), size: 11, family: "system-ui, sans-serif" },
    margin: { l: 8, r: 8, t: 8, b: 8 },
    xaxis: { ...axis, rangemode: "tozero", nticks: 6 },
    yaxis: { ...axis, type: options.get("y-scale"), nticks: 6, exponentformat: "power" },
    showlegend: false, // the page has its own legend
    hovermode: "x unified", hoverlabel: { bgcolor: cssColor("--card"), font: { color: cssColor("--text") } },
    dragmode: touch ? false : "zoom", // a finger scrolls the page
    shapes: stepMarker(chart, xAxis),
  }, { displayModeBar: false, responsive: true });
  chart.drawn = true;
}

const redraw = (wanted = () => true) => charts.forEach((chart) => chart.drawn && wanted(chart) && draw(chart));
const seen = new IntersectionObserver((entries) => entries.forEach((entry) => {
  if (entry.isIntersecting) {
    seen.unobserve(entry.target);
    draw(charts.get(entry.target));
  }
}), { rootMargin: "400px" });
charts.forEach((chart, figure) => seen.observe(figure));
document.querySelectorAll(".controls").forEach((form) => form.addEventListener("input", () => redraw((chart) => chart.controls === form)));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redraw());
addEventListener("beforeprint", () => charts.forEach(draw));

// Sample grids with a slider; the charts next to it mark the step of the selected grid.

function sampleSlider(figure) {
  const grids = JSON.parse(figure.querySelector("script").textContent);
  const [image, button, input, output] = ["img", "button", "input", "output"].map((name) => figure.querySelector(name));
  const neighbors = [...charts].filter(([chart]) => figure.parentElement.contains(chart)).map(([, chart]) => chart);
  let playing = 0;

  function show() {
    const grid = grids[input.value];
    image.src = grid.source;
    output.textContent = `step ${grid.step.toLocaleString("en")}`;
    neighbors.forEach((chart) => {
      chart.grid = grid;
      if (chart.drawn) Plotly.relayout(chart.plot, { shapes: stepMarker(chart, new FormData(chart.controls).get("x-axis")) });
    });
  }

  function stop() {
    clearInterval(playing);
    playing = 0;
    button.textContent = "▶";
    button.ariaLabel = "play";
  }

  function play() {
    if (input.value === input.max) input.value = 0;
    else input.value = Number(input.value) + 1;
    show();
    if (input.value === input.max) stop();
  }

  input.addEventListener("input", () => { stop(); show(); });
  button.addEventListener("click", () => {
    if (playing) return stop();
    playing = setInterval(play, Math.max(80, Math.min(400, 8000 / grids.length)));
    button.textContent = "❚❚";
    button.ariaLabel = "pause";
    play();
  });
}
document.querySelectorAll(".sample-slider").forEach(sampleSlider);

// Copy buttons.

document.querySelectorAll(".copyable").forEach((box) => {
  const [button, text] = [box.querySelector("button"), box.querySelector("pre")];
  button.addEventListener("click", async () => {
    getSelection().selectAllChildren(text);
    try {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = "copied";
    } catch {
      button.textContent = "press Ctrl+C"; // the text is selected
    }
  });
});
