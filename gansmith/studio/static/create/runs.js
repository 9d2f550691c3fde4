// Which run is used: the list of the server, and what can be asked of the chosen one.

import { Refused, askJson } from "../api.js";
import { ErrorNote, Lost, Select, html, useEffect, useRef, useState } from "../ui.js";

/** What can be asked of a run.
 * @typedef {object} About
 * @property {string} name
 * @property {string} modality
 * @property {string[]} classes
 * @property {number} samples_trained
 * @property {string[]} formats
 * @property {number[]} shape
 * @property {number} latent_size
 * @property {boolean} walks
 * @property {boolean} projects
 * @property {Column[]} columns
 * @property {boolean} given
 * @property {{ files: boolean, values: boolean }} judges
 * @property {any} calibration
 * @property {{ samples: number, body_bytes: number }} limits
 */

/** A column of a table.
 * @typedef {object} Column
 * @property {string} name
 * @property {string} kind
 * @property {string} holds
 * @property {string[]} levels
 * @property {number} low
 * @property {number} high
 * @property {boolean} integer
 * @property {boolean} missing
 * @property {string} format
 */

/** A latent with its class.
 * @typedef {{ latent: number[], class: string | null }} Place
 */

/** Samples with their places.
 * @typedef {{ samples: any[], latents: number[][], classes: string[] | null }} Shown
 */

/** The place of a sample.
 * @param {Shown} shown
 * @param {number} number
 * @returns {Place}
 */
export function placeOf(shown, number) {
  return { latent: shown.latents[number], class: shown.classes ? shown.classes[number] : null };
}

/** The address of a run's routes.
 * @param {string} name
 */
export function urlOf(name) {
  return `api/create/runs/${encodeURIComponent(name)}`;
}

const WAIT_MS = 60;

/** The answer to the newest question; the one before stays until it comes.
 * @template T
 * @param {((signal: AbortSignal) => Promise<T>) | null} ask - null asks nothing
 * @param {any[]} depends - asked again when one of these changes
 * @returns {{ value: T | null, error: any, busy: boolean }}
 */
export function useAnswer(ask, depends) {
  const [state, setState] = useState(
    /** @type {{ value: T | null, error: any, busy: boolean }} */ ({ value: null, error: null, busy: ask !== null }));
  const first = useRef(true);
  useEffect(() => {
    if (!ask) {
      setState({ value: null, error: null, busy: false });
      return undefined;
    }
    const stop = new AbortController();
    setState((old) => ({ ...old, busy: true }));
    const timer = setTimeout(() => {
      ask(stop.signal).then(
        (value) => stop.signal.aborted || setState({ value, error: null, busy: false }),
        (error) => stop.signal.aborted || setState((old) => ({ value: old.value, error, busy: false })),
      );
    }, first.current ? 0 : WAIT_MS);
    first.current = false;
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, depends);
  return state;
}

/** The address with some of its values changed; null takes one out.
 * @param {URLSearchParams} query
 * @param {Record<string, string | number | null>} changes
 */
export function changed(query, changes) {
  const next = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") next.delete(name);
    else next.set(name, String(value));
  }
  return next;
}

/** Chooses a run and shows what is made of it.
 * @param {{ query: URLSearchParams, setQuery: (query: URLSearchParams) => void,
 *   children: (about: About) => any }} props
 */
export function WithRun({ query, setQuery, children }) {
  const list = useAnswer((signal) => askJson("api/create/runs", { signal }), []);
  const usable = (list.value?.runs ?? []).filter((/** @type {any} */ run) => !run.error);
  const wanted = query.get("run");
  const name = wanted ?? usable[0]?.name;
  const about = useAnswer(
    list.value && name ? (signal) => askJson(urlOf(name), { signal }) : null, [name, list.value]);
  if (list.error) return html`<${ErrorNote} error=${list.error} />`;
  if (!list.value) return null;
  const lost = html`<${Lost} folders=${list.value.lost} />`;
  if (!name) return html`${lost}<${NoRuns} />`;
  const choices = usable.map((/** @type {any} */ run) => [run.name, `${run.name} · ${run.modality}`]);
  if (wanted && !choices.some((/** @type {string[]} */ [key]) => key === wanted)) choices.push([wanted, wanted]);
  const current = about.value?.name === name ? about.value : null;
  return html`${lost}
    <div class="run-choice"><${Select} label="Run" value=${name} choices=${choices}
      onChange=${(/** @type {string} */ run) => setQuery(new URLSearchParams({ run }))} /></div>
    <${ErrorNote} error=${about.error} />
    ${current ? children(current) : !about.error && html`<p class="soft" role="status">Loading the networks …</p>`}`;
}

function NoRuns() {
  return html`<section class="card"><h2>No run yet</h2>
    <p>Train one, and this page finds it:</p>
    <p><code>gansmith train digits --out runs/digits --minutes 3</code></p>
    <p class="soft">Runs are looked for where <code>gansmith studio</code> was told to: in the folder <code>runs</code>,
      if nobody named another.</p></section>`;
}

/** How an error of a file that a visitor chose is shown.
 * @param {string} message
 * @param {string} fix
 */
export function mistake(message, fix) {
  return new Refused(422, message, fix);
}

/** Files as a form; what the server would not take is told before it is sent.
 * @param {About} about
 * @param {File[]} files
 */
export function formOf(about, files) {
  const { samples, body_bytes: most } = about.limits;
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const mib = (/** @type {number} */ bytes) => (bytes / 2 ** 20).toLocaleString("en", { maximumFractionDigits: 1 });
  if (files.length > samples) throw mistake(`${files.length} files are too many.`, `Give ${samples} at most.`);
  if (size > most - 1024 * files.length) {
    throw mistake(`What you gave has ${mib(size)} MiB; this server takes ${mib(most)} MiB at once.`, "Give fewer files, or smaller ones.");
  }
  const form = new FormData();
  for (const file of files) form.append("files", file, file.name);
  return form;
}
