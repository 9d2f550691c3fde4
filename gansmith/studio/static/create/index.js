// Create: samples of a run, walks through its latent space, and files to take away.

import { askJson } from "../api.js";
import { ErrorNote, Field, NumberField, Select, html, useMemo, useState } from "../ui.js";
import { Download } from "./download.js";
import { Plane } from "./plane.js";
import { Rows } from "./rows.js";
import { WithRun, changed, placeOf, urlOf, useAnswer } from "./runs.js";
import { Samples, point } from "./samples.js";
import { Search } from "./search.js";
import { GivenTexts } from "./texts.js";
import { Between, Vary } from "./walk.js";

const USUAL = /** @type {Record<string, number>} */ ({ image: 30, points: 250, text: 12 });
const MOST_SHOWN = 250;

export const styled = true;

/** @param {import("../ui.js").TabProps} props */
export default function Create({ query, setQuery }) {
  return html`<div class="create"><h1>Create</h1>
    <${WithRun} query=${query} setQuery=${setQuery}>${(/** @type {import("./runs.js").About} */ about) =>
      about.walks
        ? html`<${Maker} key=${about.name} about=${about} query=${query} setQuery=${setQuery} />`
        : html`<${Rows} key=${about.name} about=${about} query=${query} setQuery=${setQuery} />`}
    <//></div>`;
}

/** Samples that each have a place in the latent space.
 * @param {{ about: import("./runs.js").About } & import("../ui.js").TabProps} props
 */
function Maker({ about, query, setQuery }) {
  const n = Math.min(Number(query.get("n") ?? USUAL[about.modality] ?? 12), MOST_SHOWN);
  const seed = Number(query.get("seed") ?? 0);
  const truncation = Number(query.get("truncation") ?? 1);
  const class_ = query.get("class") ?? "";
  const picked = (query.get("pick") ?? "").split(",").filter(Boolean).map(Number).filter((i) => i < n).slice(0, 2);
  const [found, setFound] = useState(/** @type {{ place: import("./runs.js").Place, sample: any } | null} */ (null));
  const asked = `n=${n}&seed=${seed}&truncation=${truncation}${class_ ? `&class=${encodeURIComponent(class_)}` : ""}`;
  const shown = useAnswer((signal) => askJson(`${urlOf(about.name)}/places?${asked}`, { signal }), [asked]);
  const set = (/** @type {Record<string, string | number | null>} */ changes) => setQuery(changed(query, changes));
  const pick = (/** @type {number} */ i) => {
    setFound(null);
    const rest = picked.filter((k) => k !== i);
    const next = rest.length < picked.length ? rest : [...picked, i].slice(-2);
    set({ pick: next.join(",") });
  };
  return html`<div class="maker">
    <section class="card wishes" aria-label="What to make">
      <h2>What to make</h2>
      ${about.classes.length > 0 && html`<${Select} label="Class" value=${class_}
        choices=${[["", "each in turn"], ...about.classes.map((name) => [name, name])]}
        onChange=${(/** @type {string} */ name) => set({ class: name, pick: null })} />`}
      <div class="pair">
        <${NumberField} label="How many" value=${n} min=${1} max=${MOST_SHOWN}
          onChange=${(/** @type {number} */ x) => set({ n: x })} />
        <${NumberField} label="Seed" value=${seed} min=${0} max=${2 ** 31}
          onChange=${(/** @type {number} */ x) => set({ seed: x, pick: null })} />
      </div>
      <${Field} label=${`Truncation: ${truncation.toFixed(2)}`} hint="Below 1, samples are more typical and more alike.">
        <input type="range" min="0" max="1.5" step="0.05" value=${truncation}
          onInput=${(/** @type {any} */ e) => set({ truncation: Number(e.target.value) })} />
      <//>
      <p class="soft small">At 1 as it was trained; below, samples are more typical and more alike.</p>
      <div class="row"><button class="primary" onClick=${() => set({ seed: Math.floor(Math.random() * 2 ** 31), pick: null })}>New seed</button></div>
      <h3>Take them away</h3>
      <${Download} about=${about} asked=${asked} />
      <p class="soft small">The bytes that <code>gansmith sample</code> writes.</p>
    </section>
    <div class="made">
      <section class="card" aria-busy=${shown.busy}>
        <h2>Samples</h2>
        <p class="soft small">${hint(picked.length)}</p>
        <${ErrorNote} error=${shown.error} />
        ${shown.value && html`<${Made} about=${about} shown=${shown.value} picked=${picked} pick=${pick} />`}
      </section>
      ${found
        ? html`<${Vary} key="found" title="Vary what was found" about=${about} place=${found.place} sample=${found.sample} />`
        : shown.value && html`<${Walks} about=${about} shown=${shown.value} picked=${picked} />`}
      ${about.projects && about.modality === "image" && html`<${Search} about=${about} onVary=${
        (/** @type {import("./runs.js").Place} */ place, /** @type {any} */ sample) => {
          set({ pick: null });
          setFound({ place, sample });
        }} />`}
      ${about.given && html`<${GivenTexts} about=${about} />`}
    </div>
  </div>`;
}

/** @param {number} count */
function hint(count) {
  if (count === 0) return "Choose one to vary it, or two to go from one to the other.";
  return count === 1 ? "Choose another to go to it, or this one again to let go of it." : "From A to B, below.";
}

/** @param {{ about: import("./runs.js").About, shown: import("./runs.js").Shown, picked: number[],
 *   pick: (number: number) => void }} props */
function Made({ about, shown, picked, pick }) {
  const there = picked.filter((i) => i < shown.samples.length);
  if (about.modality !== "points") {
    return html`<${Samples} modality=${about.modality} samples=${shown.samples} classes=${shown.classes}
      picked=${there} onPick=${pick} label="Samples" />`;
  }
  const choices = [["", "none"], ...shown.samples.map((p, i) => [String(i), `${i + 1}: ${point(p)}`])];
  return html`<${Plane} points=${shown.samples} picked=${there.map((i) => shown.samples[i])} onPick=${pick}
      label=${`${shown.samples.length} points of the generator`} />
    <${Select} label="Choose a point (or click one)" value="" choices=${choices}
      onChange=${(/** @type {string} */ i) => i && pick(Number(i))} />`;
}

/** @param {{ about: import("./runs.js").About, shown: import("./runs.js").Shown, picked: number[] }} props */
function Walks({ about, shown, picked }) {
  const [a, b] = picked.filter((i) => i < shown.samples.length);
  const first = useMemo(() => a === undefined ? null : placeOf(shown, a), [shown, a]);
  const second = useMemo(() => b === undefined ? null : placeOf(shown, b), [shown, b]);
  const others = about.modality === "points" ? shown.samples : null;
  if (first && second) {
    return html`<${Between} about=${about} first=${first} second=${second} others=${others} />`;
  }
  return first && html`<${Vary} key=${a} about=${about} place=${first} sample=${shown.samples[a]} others=${others} />`;
}
