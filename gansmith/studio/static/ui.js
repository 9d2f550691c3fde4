// What every tab draws with: Preact and htm, and the few parts that all tabs share.

export {
  html, render, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState,
} from "./vendor/htm-preact-3.1.1.js";
import { html } from "./vendor/htm-preact-3.1.1.js";

/** What a tab is given: what stands behind its name in the address, and how to change that.
 * @typedef {object} TabProps
 * @property {URLSearchParams} query - of the address: #learn?seed=1
 * @property {(query: URLSearchParams) => void} setQuery - changes the address; no step back is added
 */

/** A labelled control: what is inside it gets the label.
 * @param {{ label: string, hint?: string, children?: any }} props
 */
export function Field({ label, hint, children }) {
  return html`<label class="field" title=${hint}>
    <span>${label}</span>${children}
  </label>`;
}

/** One of a few values, by a list that opens.
 * @param {{ label: string, value: string, choices: [string, string][], hint?: string,
 *   onChange: (value: string) => void }} props - choices are [value, text]
 */
export function Select({ label, value, choices, hint, onChange }) {
  return html`<${Field} label=${label} hint=${hint}>
    <select value=${value} onChange=${(/** @type {any} */ e) => onChange(e.target.value)}>
      ${choices.map(([key, text]) =>
        html`<option value=${key} selected=${key === value}>${text}</option>`)}
    </select>
  <//>`;
}

/** A number; told only when it is a number within its bounds.
 * @param {{ label: string, value: number, min: number, max: number, step?: number | "any",
 *   hint?: string, onChange: (value: number) => void }} props
 */
export function NumberField({ label, value, min, max, step = 1, hint, onChange }) {
  return html`<${Field} label=${label} hint=${hint}>
    <input type="number" inputmode="decimal" value=${value} min=${min} max=${max} step=${step}
      onChange=${(/** @type {any} */ e) =>
        e.target.value !== "" && e.target.checkValidity()
          ? onChange(Number(e.target.value)) : e.target.reportValidity()} />
  <//>`;
}

/** Folders of runs that the server cannot read now; nothing where there are none.
 * @param {{ folders?: string[] }} props - a sentence about each
 */
export function Lost({ folders }) {
  return folders?.length ? html`<div class="error" role="status">
    ${folders.map((sentence) => html`<p key=${sentence}>${sentence} Bring it back, and they are here again.</p>`)}</div>` : null;
}

/** An error of the server, in its words; nothing where there is none.
 * @param {{ error: { message: string, fix?: string | null } | null }} props
 */
export function ErrorNote({ error }) {
  return error && html`<p class="error" role="alert">${error.message}
    ${error.fix && html` <span>${error.fix}</span>`}</p>`;
}
