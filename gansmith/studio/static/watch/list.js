// The list of runs to choose from, and the form that begins a training.

import { askJson } from "../api.js";
import { NumberField, Select, html, useState } from "../ui.js";
import { StateWord, howFar } from "./state.js";

/** @param {{ list: import("./polling.js").List | null, chosen: string[], most: number,
 *   onChoose: (names: string[]) => void }} props */
export function RunList({ list, chosen, most, onChoose }) {
  if (!list) return null;
  if (!list.runs.length) {
    return html`<div class="card"><h2>No runs yet</h2>
      <p class="soft">${list.sources.length ? "Begin one below."
        : html`Train one (<code>gansmith train digits</code>), or let visitors begin one:
          <code>gansmith studio --source digits</code>.`}</p></div>`;
  }
  const toggle = (/** @type {string} */ name) => onChoose(
    chosen.includes(name) ? chosen.filter((other) => other !== name) : [...chosen, name].slice(-most));
  return html`<fieldset class="card runs"><legend>Runs</legend>
    <ul>${list.runs.map((run) => html`<li key=${run.name}><label>
      <input type="checkbox" checked=${chosen.includes(run.name)} onChange=${() => toggle(run.name)} />
      <span class="run-name">${run.name}</span>
      <${StateWord} run=${run} />
      <span class="soft small how-far">${howFar(run)}</span>
    </label></li>`)}</ul>
    ${list.runs.length > 1 && html`<p class="soft small">Up to ${most} stand side by side.</p>`}
  </fieldset>`;
}

/** @param {{ list: import("./polling.js").List | null,
 *   onStart: (start: () => Promise<{ name: string }>) => void }} props */
export function StartForm({ list, onStart }) {
  const [source, setSource] = useState("");
  const [minutes, setMinutes] = useState(5);
  if (!list?.sources.length) return null;
  const named = source || list.sources[0];
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    onStart(() => askJson("api/watch/start", { body: { source: named, minutes } }));
  };
  return html`<form class="card start" onSubmit=${submit}>
    <h2>Train</h2>
    <${Select} label="On" value=${named} onChange=${setSource}
      choices=${list.sources.map((name) => [name, name])} />
    <${NumberField} label="Minutes" value=${minutes} min=${list.minutes.min} max=${list.minutes.max}
      step="any" onChange=${setMinutes} />
    <button class="primary" disabled=${list.room <= 0}>Start</button>
    <p class="soft small">${list.room > 0
      ? "It ends with the studio at the latest; then it is saved and can go on."
      : "No more trainings at once: stop one, or wait."}</p>
  </form>`;
}
