// Samples of the same latents over time, with a slider.

import { ask } from "../api.js";
import { ErrorNote, html, useEffect, useRef, useState } from "../ui.js";
import { count } from "./state.js";

// Pictures that are kept while the slider moves.
const MOST_KEPT = 60;

/** @typedef {{ samples: number, url?: string, texts?: string[] }} Shown */

/** @param {{ run: import("./polling.js").Watched, at: number | null,
 *   setAt: (samples: number | null) => void }} props */
export function Sheet({ run, at, setAt }) {
  const last = run.sheets.length - 1;
  const place = at === null ? last : Math.max(run.sheets.findLastIndex((s) => s <= at), 0);
  const samples = run.sheets[place];
  const { shown, error } = useSheet(run.name, samples);
  if (last < 0) return html`<p class="card soft">No samples yet.</p>`;
  return html`<figure class="card sheet">
    ${shown?.url && html`<img src=${shown.url}
      alt=${`Samples of ${run.name} at ${count(shown.samples)} samples, of the same latents each time`} />`}
    ${shown?.texts && html`<ul class="texts">
      ${shown.texts.filter(Boolean).map((text) => html`<li>${text}</li>`)}</ul>`}
    <${ErrorNote} error=${error} />
    <figcaption>
      <label class="field"><span>The same latents at ${count(samples)} samples${
        at === null && run.state === "training" ? ", the newest" : ""}</span>
        <input type="range" min="0" max=${last} value=${place} disabled=${last < 1}
          aria-valuetext=${`${count(samples)} samples`}
          onInput=${(/** @type {any} */ event) => {
            const to = Number(event.target.value);
            setAt(to === last ? null : run.sheets[to]);
          }} />
      </label>
    </figcaption>
  </figure>`;
}

/** A sheet; while the next one is on its way, the one before.
 * @param {string} name @param {number | undefined} samples
 */
function useSheet(name, samples) {
  const kept = useRef(/** @type {Map<string, Shown>} */ (new Map()));
  const [shown, setShown] = useState(/** @type {Shown | null} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  useEffect(() => () => kept.current.forEach(forget), []);
  useEffect(() => {
    if (samples === undefined) return undefined;
    const key = `${name}/${samples}`;
    const control = new AbortController();
    const show = (/** @type {Shown} */ sheet) => { setShown(sheet); setError(null); };
    const before = kept.current.get(key);
    if (before) {
      show(before);
      return undefined;
    }
    fetchSheet(name, samples, control.signal).then((sheet) => {
      kept.current.set(key, sheet);
      show(sheet);
      const [oldest] = kept.current.keys();
      if (kept.current.size > MOST_KEPT) {
        forget(/** @type {Shown} */ (kept.current.get(oldest)));
        kept.current.delete(oldest);
      }
    }, (problem) => { if (!control.signal.aborted) setError(problem); });
    return () => control.abort();
  }, [name, samples]);
  return { shown, error };
}

/** @param {Shown} sheet */
function forget(sheet) {
  if (sheet.url) URL.revokeObjectURL(sheet.url);
}

/** @param {string} name @param {number} samples @param {AbortSignal} signal
 * @returns {Promise<Shown>} */
async function fetchSheet(name, samples, signal) {
  const answer = await ask(`api/watch/runs/${encodeURIComponent(name)}/sheets/${samples}`, { signal });
  const isPicture = answer.headers.get("Content-Type")?.startsWith("image/");
  return isPicture ? { samples, url: URL.createObjectURL(await answer.blob()) }
    : { samples, texts: await answer.json() };
}
