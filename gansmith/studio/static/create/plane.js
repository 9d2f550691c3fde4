// Points in a plane, with a way between two of them and the found directions of one.

import { loadPlot } from "../plot.js";
import { html, useEffect, useRef, useState } from "../ui.js";

/** @type {number[][]} */
const NONE = [];
const LONGEST = 520;

/** A chart as wide as the page allows.
 * @param {{ points: number[][], picked?: number[][], way?: number[][], near?: number[][], label: string,
 *   onPick?: (number: number) => void }} props
 */
export function Plane({ points, picked = NONE, way = NONE, near = NONE, label, onPick }) {
  const place = useRef(/** @type {HTMLDivElement | null} */ (null));
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = /** @type {HTMLDivElement} */ (place.current);
    const watch = new ResizeObserver(() => setWidth(Math.min(element.clientWidth, LONGEST)));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  useEffect(() => {
    let wanted = true;
    if (width) loadPlot().then((Plot) => wanted && place.current?.replaceChildren(draw(Plot)));
    return () => { wanted = false; };
  }, [points, picked, way, near, width]);

  /** @param {any} Plot */
  function draw(Plot) {
    const flat = points.map((p) => [p[0], p[1] ?? 0]);
    const chart = Plot.plot({
      width, height: width, marginLeft: 40, aspectRatio: 1, grid: true, ariaLabel: label,
      x: { label: null }, y: { label: null },
      marks: [
        Plot.dot(flat, { r: 2.5, fill: "var(--fake)", fillOpacity: 0.55 }),
        Plot.dot(near, { r: 3, fill: "none", stroke: "var(--text)", strokeOpacity: 0.6 }),
        Plot.line(way, { stroke: "var(--accent)", strokeWidth: 1.5, marker: way.length > 12 ? "none" : "dot" }),
        Plot.dot(picked, { r: 6, fill: "var(--accent)", stroke: "var(--card)" }),
        Plot.text(picked, { text: (/** @type {any} */ _, /** @type {number} */ i) => "AB"[i], dy: -12, fill: "var(--text)", fontWeight: 600 }),
      ],
    });
    if (onPick) {
      chart.style.cursor = "crosshair";
      chart.addEventListener("click", (/** @type {MouseEvent} */ event) => {
        const box = chart.getBoundingClientRect();
        const [sx, sy] = [chart.scale("x"), chart.scale("y")];
        const [x, y] = [event.clientX - box.left, event.clientY - box.top];
        const far = flat.map((p) => Math.hypot(sx.apply(p[0]) - x, sy.apply(p[1]) - y));
        onPick(far.indexOf(Math.min(...far)));
      });
    }
    return chart;
  }
  return html`<div ref=${place} class="plane"></div>`;
}
