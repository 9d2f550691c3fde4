// A chart of a few curves over the samples shown, with their newest values beside their names.

import { loadPlot } from "../plot.js";
import { html, useEffect, useRef, useState } from "../ui.js";
import { count, short } from "./state.js";

const COLOURS = ["var(--fake)", "var(--real)", "var(--good)", "var(--soft)", "var(--bad)"];
const HEIGHT = 150;
// Of these, the real samples' side has the real samples' colour.
const REAL = /^real_|_real$|^discriminator/;

/** @param {string[]} names */
function colours(names) {
  const reals = names.filter((name) => REAL.test(name));
  if (reals.length === 1 && names.length <= 2) {
    return names.map((name) => (name === reals[0] ? "var(--real)" : "var(--fake)"));
  }
  return names.map((_, i) => COLOURS[i % COLOURS.length]);
}

/** @param {{ group: import("./curves.js").Group, curves: import("./curves.js").Curves,
 *   bounds: import("./curves.js").Bounds, at: number | null }} props */
export function Chart({ group, curves, bounds, at }) {
  const place = useRef(/** @type {HTMLDivElement | null} */ (null));
  const width = useWidth(place);
  const paint = colours(group.names);
  const newest = group.names.map((name) => curves[name].mean.at(-1) ?? NaN);
  useEffect(() => {
    let current = true;
    if (width > 0) {
      loadPlot().then((Plot) => {
        if (current) place.current?.replaceChildren(draw(Plot, group, curves, paint, bounds, at, width));
      });
    }
    return () => { current = false; };
  }, [group.names.join(), curves, bounds.samples, String(bounds.values[group.title]), at, width]);
  const floor = (/** @type {string} */ name) => group.floors?.[name];
  const words = group.names.map((name, i) => `${plain(name)} ${short(newest[i])}`
    + (floor(name) === undefined ? "" : ` (held-out samples ${floor(name)})`)).join(", ");
  return html`<figure class="card chart">
    <figcaption><h3>${group.title}</h3>
      ${group.note && html`<span class="soft small">${group.note}</span>`}</figcaption>
    <ul class="legend">${group.names.map((name, i) => html`<li key=${name}>
      <span class="swatch" style=${{ background: paint[i] }}></span>${plain(name)} <b class="value" data-name=${name}>${short(newest[i])}</b>${
        floor(name) !== undefined && html` <span class="soft">held out ${floor(name)}</span>`}</li>`)}</ul>
    <div ref=${place} class="plot" role="img" style=${{ minHeight: `${HEIGHT}px` }}
      aria-label=${`${group.title} over ${count(bounds.samples)} samples; last: ${words}`}></div>
  </figure>`;
}

/** @param {string} name */
function plain(name) {
  return name.replaceAll("_", " ");
}

/** The width of an element, as it changes.
 * @param {{ current: HTMLElement | null }} place
 */
function useWidth(place) {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const watching = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)));
    if (place.current) watching.observe(place.current);
    return () => watching.disconnect();
  }, []);
  return width;
}

/** @param {typeof import("@observablehq/plot")} Plot
 * @param {import("./curves.js").Group} group @param {import("./curves.js").Curves} curves
 * @param {string[]} paint @param {import("./curves.js").Bounds} bounds @param {number | null} at
 * @param {number} width */
function draw(Plot, group, curves, paint, bounds, at, width) {
  const marks = [];
  if (group.even !== undefined) marks.push(Plot.ruleY([group.even], { stroke: "var(--line)" }));
  if (at !== null) marks.push(Plot.ruleX([at], { stroke: "var(--accent)", strokeDasharray: "3 3" }));
  group.names.forEach((name, i) => {
    const floor = group.floors?.[name];
    if (floor !== undefined) marks.push(Plot.ruleY([floor], { stroke: paint[i], strokeDasharray: "2 3" }));
    const rows = points(curves, name);
    if (rows.some((row) => row.low !== undefined)) {
      marks.push(Plot.areaY(rows, { x: "x", y1: "low", y2: "high", fill: paint[i], fillOpacity: 0.18,
        stroke: paint[i], strokeOpacity: 0.3, strokeWidth: 0.8 }));
    }
    marks.push(Plot.lineY(rows, { x: "x", y: "y", stroke: paint[i], strokeWidth: 1.6 }));
    if (rows.length < 30) marks.push(Plot.dot(rows, { x: "x", y: "y", fill: paint[i], r: 2.2 }));
  });
  return Plot.plot({
    width, height: HEIGHT, marginLeft: 44, marginRight: 8, marginTop: 8, marginBottom: 24,
    style: { background: "transparent", color: "var(--soft)", overflow: "visible" },
    x: { domain: [0, bounds.samples], label: null, tickFormat: thousands, ticks: 4 },
    y: { domain: bounds.values[group.title], label: null, ticks: 4, nice: true, grid: true },
    marks,
  });
}

/** Such as 50k; a prefix for each tick by itself, since 0k is none.
 * @param {number} samples
 */
function thousands(samples) {
  if (samples >= 1e6) return `${samples / 1e6}M`;
  return samples >= 1e3 ? `${samples / 1e3}k` : String(samples);
}

/** Means; with the least and largest, or the ends of the interval that was recorded.
 * @param {import("./curves.js").Curves} curves @param {string} name
 * @returns {{ x: number, y: number, low?: number, high?: number }[]}
 */
function points(curves, name) {
  const { samples, mean } = curves[name];
  const low = curves[name].low ?? curves[`${name}_low`]?.mean;
  const high = curves[name].high ?? curves[`${name}_high`]?.mean;
  return samples.map((x, i) => ({ x, y: mean[i], low: low?.[i], high: high?.[i] }));
}
