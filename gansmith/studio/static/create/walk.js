// From a chosen sample along found directions and around it; from one sample to another.

import { askJson } from "../api.js";
import { ErrorNote, Field, html, useEffect, useMemo, useRef, useState } from "../ui.js";
import { Plane } from "./plane.js";
import { placeOf, urlOf, useAnswer } from "./runs.js";
import { Sample, Samples } from "./samples.js";

const FAR = 4;
const AROUND = /** @type {Record<string, number>} */ ({ image: 12, points: 60, text: 6 });
const STRIP = [-3, -2, -1, 0, 1, 2, 3];
// Points are drawn as one line, which bends.
const LINE = Array.from({ length: 61 }, (_, i) => (i - 30) / 10);
const CURVE_STEPS = 60;

/** Sliders along the directions in which samples change most, and what they make.
 * @param {{ about: import("./runs.js").About, place: import("./runs.js").Place, sample: any,
 *   others?: number[][] | null, title?: string }} props - others are points to be drawn among; one with
 *   a title of its own comes into view
 */
export function Vary({ about, place, sample, others = null, title }) {
  const url = urlOf(about.name);
  const [amounts, setAmounts] = useState(/** @type {number[]} */ ([]));
  const [strip, setStrip] = useState(0);
  const found = useAnswer((signal) => askJson(`${url}/directions`, { signal }), [about.name]);
  const rows = useMemo(() => {
    const along = (others ? LINE : STRIP).map((far) => {
      const row = [...amounts];
      while (row.length <= strip) row.push(0);
      row[strip] = far;
      return row;
    });
    return [amounts.length ? amounts : [0], ...along];
  }, [amounts, strip]);
  const moved = useAnswer(
    found.value ? (signal) => askJson(`${url}/moved`, { body: { place, amounts: rows }, signal }) : null,
    [place, rows, found.value]);
  /** @type {number[]} */
  const shares = found.value?.shares ?? [];
  const set = (/** @type {number} */ k, /** @type {number} */ far) =>
    setAmounts(shares.map((_, i) => i === k ? far : amounts[i] ?? 0));
  const shown = moved.value ? moved.value.samples[0] : sample;
  const start = useMemo(() => moved.value ? placeOf(moved.value, 0) : place, [moved.value, place]);
  const line = moved.value?.samples.slice(1) ?? [];
  const along = `Along direction ${Math.min(strip + 1, shares.length)}, from −3 to 3`;
  const card = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    if (title) card.current?.scrollIntoView({ block: "start" });
  }, [title, place]);
  return html`<section class="card" ref=${card}>
    <h2>${title ?? "Move along directions"}</h2>
    <p class="soft small">Found without labels: the directions in the latent space in which the generator's samples
      change most. What each one changes, only you can see.</p>
    <${ErrorNote} error=${found.error ?? moved.error} />
    <div class="vary">
      <figure class="big"><${Sample} modality=${about.modality} sample=${shown} label="The sample, moved" /></figure>
      <div class="sliders">
        ${shares.map((share, k) => html`
          <div class="slider">
            <${Field} label=${`Direction ${k + 1} · ${percent(share)} of all change`}>
              <input type="range" min=${-FAR} max=${FAR} step="0.1" value=${amounts[k] ?? 0}
                onFocus=${() => setStrip(k)} onPointerDown=${() => setStrip(k)}
                onInput=${(/** @type {any} */ e) => set(k, Number(e.target.value))} />
            <//><output class="mono small">${(amounts[k] ?? 0).toFixed(1)}</output>
          </div>`)}
        <div class="row"><button onClick=${() => setAmounts([])} disabled=${!amounts.some(Boolean)}>Back to the sample</button></div>
      </div>
    </div>
    ${moved.value && !others && html`<h3>${along}</h3>
      <${Samples} modality=${about.modality} samples=${line} label=${along} inLine />`}
    <${Around} about=${about} place=${start} draw=${others && moved.value
      ? (/** @type {number[][]} */ near) =>
          html`<${Plane} points=${others} picked=${[shown]} way=${line} near=${near} label=${`${along}, and around it`} />`
      : null} />
  </section>`;
}

/** @param {number} share */
function percent(share) {
  return share < 0.005 ? "under 1 %" : `${Math.round(100 * share)} %`;
}

/** @param {{ about: import("./runs.js").About, place: import("./runs.js").Place,
 *   draw: ((near: number[][]) => any) | null }} props - draw shows points, in place of a list */
function Around({ about, place, draw }) {
  const [spread, setSpread] = useState(0.4);
  const [seed, setSeed] = useState(0);
  const found = useAnswer(
    (signal) => askJson(`${urlOf(about.name)}/around`,
      { body: { place, n: AROUND[about.modality] ?? 6, spread, seed }, signal }),
    [place, spread, seed]);
  return html`
    <h3>Around it</h3>
    <div class="row bottom">
      <${Field} label=${`How far: ${spread.toFixed(2)} (0 the same, 1 anything)`}>
        <input type="range" min="0" max="1" step="0.05" value=${spread}
          onInput=${(/** @type {any} */ e) => setSpread(Number(e.target.value))} />
      <//>
      <button onClick=${() => setSeed(seed + 1)}>Other ones</button>
    </div>
    <${ErrorNote} error=${found.error} />
    ${found.value && (draw
      ? draw(found.value.samples)
      : html`<${Samples} modality=${about.modality} samples=${found.value.samples} label="Around it" />`)}`;
}

/** The way from one sample to another.
 * @param {{ about: import("./runs.js").About, first: import("./runs.js").Place,
 *   second: import("./runs.js").Place, others?: number[][] | null }} props
 */
export function Between({ about, first, second, others = null }) {
  const [steps, setSteps] = useState(others ? CURVE_STEPS : 9);
  const way = useAnswer(
    (signal) => askJson(`${urlOf(about.name)}/between`, { body: { first, second, steps }, signal }),
    [first, second, steps]);
  return html`<section class="card">
    <h2>From A to B</h2>
    <p class="soft small">On a great circle of the latent space${about.classes.length
      ? ", in the class of A: nothing lies between two classes" : ""}.</p>
    ${!others && html`<${Field} label=${`Steps: ${steps}`}>
      <input type="range" min="3" max="15" value=${steps}
        onInput=${(/** @type {any} */ e) => setSteps(Number(e.target.value))} />
    <//>`}
    <${ErrorNote} error=${way.error} />
    ${way.value && (others
      ? html`<${Plane} points=${others} way=${way.value.samples} label="From A to B"
          picked=${[way.value.samples[0], way.value.samples[way.value.samples.length - 1]]} />`
      : html`<${Samples} modality=${about.modality} samples=${way.value.samples} label="From A to B" inLine />`)}
  </section>`;
}
