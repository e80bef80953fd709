"use strict";

// Charts: each figure holds its lines as JSON, and is drawn when it comes into view.

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const touch = matchMedia("(pointer: coarse)").matches;
const charts = new Map([...document.querySelectorAll(".chart")].map((figure) => [figure, {
  ...JSON.parse(figure.querySelector("script").textContent),
  controls: figure.parentElement.querySelector(".controls"),
  plot: figure.querySelector(".plot"),
  drawn: false,
  moment: null,
}]));

// Exponential moving average, without the pull of its first value; gaps stay gaps.
function smoothed(values, weight) {
  let sum = 0, share = 0;
  return values.map((value) => {
    if (value === null) return null;
    sum = weight * sum + (1 - weight) * value;
    share = weight * share + (1 - weight);
    return sum / share;
  });
}

function traces(chart, over, weight) {
  const last = chart.lines.flatMap((line) => line[over]).reduce((a, b) => Math.max(a, b), 1);
  const baselines = [...new Set(chart.lines.map((line) => line.baseline).filter((baseline) => baseline !== null))].map((baseline) => ({
    x: [0, last], y: [baseline, baseline], name: "real", type: "scatter", mode: "lines", line: { color: color("--faint"), width: 1.5, dash: "dash" },
  }));
  return baselines.concat(chart.lines.flatMap((line, i) => {
    const tone = color(`--c${(line.tone ?? i) % 8}`);
    const few = line.value.length < 40;
    const drawn = { x: line[over], name: line.name.length > 30 ? `${line.name.slice(0, 29)}…` : line.name, type: "scatter", mode: few ? "lines+markers" : "lines", line: { color: tone, width: 2 }, marker: { size: 5 } };
    return weight && !few ? [
      { ...drawn, y: line.value, opacity: 0.25, line: { color: tone, width: 1 }, hoverinfo: "skip" },
      { ...drawn, y: smoothed(line.value, weight) },
    ] : [{ ...drawn, y: line.value }];
  }));
}

function moment(chart, over) {
  if (!chart.moment) return [];
  const x = chart.moment[over];
  return [{ type: "line", x0: x, x1: x, y0: 0, y1: 1, yref: "paper", line: { color: color("--faint"), width: 1, dash: "dot" } }];
}

function draw(chart) {
  const chosen = new FormData(chart.controls);
  const over = chosen.get("over");
  const axis = { gridcolor: color("--line"), zerolinecolor: color("--line"), linecolor: color("--line"), automargin: true };
  Plotly.react(chart.plot, traces(chart, over, chart.noisy ? Number(chosen.get("smooth") ?? 0) : 0), {
    paper_bgcolor: "transparent", plot_bgcolor: "transparent",
    font: { color: color("--faint"), size: 11, family: "system-ui, sans-serif" },
    margin: { l: 8, r: 8, t: 8, b: 8 },
    xaxis: { ...axis, rangemode: "tozero", nticks: 6 },
    yaxis: { ...axis, type: chosen.get("scale"), nticks: 6, exponentformat: "power" },
    showlegend: false, // it is above the chart
    hovermode: "x unified", hoverlabel: { bgcolor: color("--card"), font: { color: color("--ink") } },
    dragmode: touch ? false : "zoom", // a finger scrolls the page
    shapes: moment(chart, over),
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

// Grids of samples under a slider, whose moment the charts beside it show, too.

function time(figure) {
  const sheets = JSON.parse(figure.querySelector("script").textContent);
  const [image, button, input, output] = ["img", "button", "input", "output"].map((name) => figure.querySelector(name));
  const beside = [...charts].filter(([chart]) => figure.parentElement.contains(chart)).map(([, chart]) => chart);
  let playing = 0;

  function show() {
    const sheet = sheets[input.value];
    image.src = sheet.source;
    output.textContent = `step ${sheet.step.toLocaleString("en")}`;
    beside.forEach((chart) => {
      chart.moment = sheet;
      if (chart.drawn) Plotly.relayout(chart.plot, { shapes: moment(chart, new FormData(chart.controls).get("over")) });
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
    playing = setInterval(play, Math.max(80, Math.min(400, 8000 / sheets.length)));
    button.textContent = "❚❚";
    button.ariaLabel = "pause";
    play();
  });
}
document.querySelectorAll(".time").forEach(time);

// Texts to copy.

document.querySelectorAll(".copyable").forEach((box) => {
  const [button, text] = [box.querySelector("button"), box.querySelector("pre")];
  button.addEventListener("click", async () => {
    getSelection().selectAllChildren(text);
    try {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = "copied";
    } catch {
      button.textContent = "Ctrl+C copies"; // it is selected
    }
  });
});
