// For a picture of the visitor: the latent from which the generator comes nearest to it.

import { askJson } from "../api.js";
import { ErrorNote, Select, html, useEffect, useRef, useState } from "../ui.js";
import { formOf, placeOf, urlOf } from "./runs.js";
import { Sample, pictureUrl } from "./samples.js";

/** @typedef {{ id: string, target?: string, taken: number, steps: number, done: boolean,
 *   left: { now: number, nearest: number, usual: number } } & import("./runs.js").Shown} State */

/** A search that is shown while it goes on.
 * @param {{ about: import("./runs.js").About,
 *   onVary: (place: import("./runs.js").Place, sample: any) => void }} props
 */
export function Search({ about, onVary }) {
  const [file, setFile] = useState(/** @type {File | null} */ (null));
  const [class_, setClass] = useState("");
  const [target, setTarget] = useState("");
  const [state, setState] = useState(/** @type {State | null} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const [running, setRunning] = useState(false);
  const stop = useRef(/** @type {AbortController | null} */ (null));
  useEffect(() => () => stop.current?.abort(), []);

  async function begin() {
    if (!file) return;
    stop.current?.abort();
    const own = (stop.current = new AbortController());
    setError(null);
    setRunning(true);
    try {
      const url = `${urlOf(about.name)}/searches`;
      const form = formOf(about, [file]);
      let now = await askJson(class_ ? `${url}?class=${encodeURIComponent(class_)}` : url, { form, signal: own.signal });
      setTarget(now.target);
      setState(now);
      while (!now.done) {
        now = await askJson(`${url}/${now.id}`, { method: "POST", signal: own.signal });
        if (own.signal.aborted) return;
        setState(now);
      }
    } catch (problem) {
      if (!own.signal.aborted) setError(problem);
    } finally {
      if (stop.current === own) setRunning(false);
    }
  }

  return html`<section class="card">
    <h2>Find a picture</h2>
    <p class="soft small">The generator has no way back, so its latent is searched for. The generator may
      have no such picture: what is left of the difference says how near it came.</p>
    <div class="row bottom">
      <label class="field grow"><span>A picture</span>
        <input type="file" accept="image/*" onChange=${(/** @type {any} */ e) => setFile(e.target.files[0] ?? null)} /></label>
      ${about.classes.length > 0 && html`<${Select} label="Search in" value=${class_} onChange=${setClass}
        choices=${[["", "all classes"], ...about.classes.map((name) => [name, name])]} />`}
      ${running
        ? html`<button onClick=${() => { stop.current?.abort(); setRunning(false); }}>Stop</button>`
        : html`<button class="primary" disabled=${!file} onClick=${begin}>Search</button>`}
    </div>
    <${ErrorNote} error=${error} />
    ${state && html`<${Found} about=${about} target=${target} state=${state} onVary=${onVary} />`}
  </section>`;
}

/** @param {{ about: import("./runs.js").About, target: string, state: State,
 *   onVary: (place: import("./runs.js").Place, sample: any) => void }} props */
function Found({ about, target, state, onVary }) {
  const { now, nearest, usual } = state.left;
  const unit = about.modality === "image" ? " of 255" : "";
  return html`
    <progress value=${state.taken} max=${state.steps} aria-label="Steps of the search"></progress>
    <p class="small soft" role="status">${state.done ? "Done" : "Searching"}: step ${state.taken} of ${state.steps}.</p>
    <div class="compare">
      <figure><${Sample} modality=${about.modality} sample=${target} label="Your picture, as the run sees it" />
        <figcaption>yours, as the run sees it</figcaption></figure>
      <figure><${Sample} modality=${about.modality} sample=${state.samples[0]} label="What was found" />
        <figcaption>found${state.classes ? `, class ${state.classes[0]}` : ""}</figcaption></figure>
      <figure><${Difference} first=${target} second=${state.samples[0]} /><figcaption>difference</figcaption></figure>
      <table class="small"><tbody>
        <tr><th>left of the difference</th><td>${now.toFixed(1)}${unit}</td></tr>
        <tr><td>nearest of 256 random samples</td><td>${nearest.toFixed(1)}</td></tr>
        <tr><td>a usual random sample</td><td>${usual.toFixed(1)}</td></tr>
      </tbody></table>
    </div>
    <div class="row"><button onClick=${() => onVary(placeOf(state, 0), state.samples[0])}>Vary what was found</button></div>`;
}

/** How far two pictures are apart at each pixel; white where most.
 * @param {{ first: string, second: string }} props
 */
function Difference({ first, second }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  useEffect(() => {
    let wanted = true;
    Promise.all([first, second].map(pixelsOf)).then(([a, b]) => {
      const context = canvas.current?.getContext("2d");
      if (!wanted || !canvas.current || !context) return;
      [canvas.current.width, canvas.current.height] = [a.width, a.height];
      for (let i = 0; i < a.data.length; i += 4) {
        for (let c = 0; c < 3; c++) a.data[i + c] = Math.abs(a.data[i + c] - b.data[i + c]);
        a.data[i + 3] = 255;
      }
      context.putImageData(a, 0, 0);
    });
    return () => { wanted = false; };
  }, [first, second]);
  return html`<canvas ref=${canvas} class="sample" role="img" aria-label="The difference of both"></canvas>`;
}

/** @param {string} content */
export async function pixelsOf(content) {
  const image = new Image();
  image.src = pictureUrl(content);
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, image.width, image.height);
}
