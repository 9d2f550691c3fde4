// Between two sentences and around one, through what the codec has learned.

import { askJson } from "../api.js";
import { ErrorNote, Field, html, useState } from "../ui.js";
import { urlOf } from "./runs.js";
import { Samples } from "./samples.js";

/** @param {{ about: import("./runs.js").About }} props */
export function GivenTexts({ about }) {
  const [first, setFirst] = useState("");
  const [second, setSecond] = useState("");
  const [spread, setSpread] = useState(0.5);
  const [state, setState] = useState(/** @type {{ samples?: string[], error?: any, busy?: boolean }} */ ({}));
  async function go(/** @type {Event} */ event) {
    event.preventDefault();
    setState((old) => ({ ...old, busy: true }));
    try {
      const body = { first, second: second.trim() ? second : null, spread, seed: Math.floor(Math.random() * 1e6) };
      setState(await askJson(`${urlOf(about.name)}/texts`, { body }));
    } catch (error) {
      setState({ error });
    }
  }
  return html`<form class="card" onSubmit=${go}>
    <h2>From sentences of yours</h2>
    <p class="soft small">The codec of this run has learned to encode sentences: it shows what lies between two, or
      around one. The generator has no part in this.</p>
    <${Field} label="A sentence"><input value=${first} required
      onInput=${(/** @type {any} */ e) => setFirst(e.target.value)} /><//>
    <${Field} label="Another one, to go to; empty to stay around the first">
      <input value=${second} onInput=${(/** @type {any} */ e) => setSecond(e.target.value)} /><//>
    ${!second.trim() && html`<${Field} label=${`How far around: ${spread.toFixed(2)}`}>
      <input type="range" min="0" max="2" step="0.05" value=${spread}
        onInput=${(/** @type {any} */ e) => setSpread(Number(e.target.value))} /><//>`}
    <div class="row"><button class="primary" disabled=${!first.trim() || state.busy}>Show</button></div>
    <${ErrorNote} error=${state.error} />
    ${state.samples && html`<${Samples} modality="text" samples=${state.samples} label="Sentences" />`}
  </form>`;
}
