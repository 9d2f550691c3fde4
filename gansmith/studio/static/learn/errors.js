// Both losses, with the value that they have where fake equals real and D cannot tell.

import { loadPlot } from "../plot.js";
import { html, useEffect, useRef, useState } from "../ui.js";
import { count, short } from "./numbers.js";

/** @typedef {import("./game.js").Frame} Frame */

const NAMES = /** @type {const} */ ({ discriminator: "D", generator: "G" });
const MOST = 240;
// Charts cost more than a frame: they follow twice a second.
const EVERY = 500;

/** A value in words where it is a known one.
 * @param {number} value
 */
export function known(value) {
  const named = { "2 ln 2": 2 * Math.LN2, "ln 2": Math.LN2, "−ln 2": -Math.LN2 };
  const found = Object.entries(named).find(([, each]) => Math.abs(each - value) < 1e-9);
  return found ? `${found[0]} = ${value.toFixed(3).replace("-", "−")}` : String(value);
}

/** @param {{ frame: Frame | null, playing: boolean }} props */
export function Errors({ frame, playing }) {
  const last = useRef({ at: 0, timer: 0 });
  const [shown, setShown] = useState(frame);
  useEffect(() => {
    const self = last.current;
    clearTimeout(self.timer);
    const wait = playing ? Math.max(0, EVERY - (performance.now() - self.at)) : 0;
    self.timer = setTimeout(() => {
      self.at = performance.now();
      setShown(frame);
    }, wait);
  }, [frame, playing]);
  if (!shown) return null;
  return html`<div class="errors">
    ${Object.keys(NAMES).map((name, i) => html`<${Curve} key=${name} name=${/** @type {any} */ (name)}
      points=${shown.errors.filter(([, whose]) => whose === name)} level=${shown.equilibrium[i]} />`)}
  </div>`;
}

/** @param {{ name: "discriminator" | "generator", points: import("./game.js").Noted[], level: number }} props */
function Curve({ name, points, level }) {
  const each = Math.max(1, Math.ceil(points.length / MOST));
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    let stale = false;
    loadPlot().then((Plot) => {
      if (stale || !place.current) return;
      const thinned = means(points, each);
      const ends = thinned.map(([, value]) => value).concat(level);
      place.current.replaceChildren(Plot.plot({
        width: Math.max(240, place.current.clientWidth), height: 120, marginLeft: 44, marginTop: 10,
        marginBottom: 26, marginRight: 16, style: { background: "none", fontSize: "11px" },
        x: { label: null, ticks: 5 },
        y: { label: null, ticks: 4, nice: true, domain: [Math.min(...ends), Math.max(...ends)] },
        marks: [
          Plot.ruleY([level], { stroke: "var(--soft)", strokeDasharray: "4 3" }),
          Plot.lineY(thinned, { x: "0", y: "1", stroke: `var(--${name})`, strokeWidth: 1.5 }),
        ],
      }));
    }, () => {}); // without its library there is no chart, and nothing false; it is tried again
    return () => { stale = true; };
  }, [points.at(-1)?.[0], points.length, level]);
  return html`<figure class="curve">
    <figcaption><span class="key ${name}"></span>Loss of ${NAMES[name]}
      <span class="soft">, dashed: ${known(level)} at the equilibrium${
        each > 1 && `; means of ${each} each`}</span></figcaption>
    <div ref=${place} role="img" aria-label=${points.length
      ? `Loss of ${NAMES[name]} over ${count(points[points.length - 1][0])} moves, the last one ${short(points[points.length - 1][2])}`
      : `Loss of ${NAMES[name]}: nobody has moved yet`}></div>
  </figure>`;
}

/** Means of so many successive points each: one of them alone could be of the same face every time.
 * @param {import("./game.js").Noted[]} points @param {number} each
 * @returns {[number, number][]} number of the last one's move, and the mean
 */
function means(points, each) {
  return Array.from({ length: Math.ceil(points.length / each) }, (_, i) => {
    const some = points.slice(i * each, (i + 1) * each);
    return [some[some.length - 1][0], some.reduce((sum, [, , value]) => sum + value, 0) / some.length];
  });
}
