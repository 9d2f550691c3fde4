// Inspect: what the discriminator of a run says about samples of the visitor's, and what is nearest.

import { ask, askJson } from "../api.js";
import { WithRun, formOf, mistake, urlOf } from "../create/runs.js";
import { pictureFile } from "../create/samples.js";
import { ErrorNote, Field, html, useState } from "../ui.js";
import { Meaning, Trust } from "./meaning.js";
import { Verdicts } from "./verdicts.js";

/** @typedef {{ verdicts: any[], calibration: any, samples: any[], maps?: string[], peaks?: number[] }} Judged */

const FAKES = 6;

export const styled = true;

/** @param {import("../ui.js").TabProps} props */
export default function Inspect({ query, setQuery }) {
  return html`<div class="create inspect"><h1>Inspect</h1>
    <p class="soft">Ask the discriminator of a run whether a sample is real, or one of its generator's fakes.</p>
    <${WithRun} query=${query} setQuery=${setQuery}>${(/** @type {import("../create/runs.js").About} */ about) =>
      html`<${Inspector} key=${about.name} about=${about} />`}
    <//></div>`;
}

/** @param {{ about: import("../create/runs.js").About }} props */
function Inspector({ about }) {
  const [judged, setJudged] = useState(/** @type {Judged | null} */ (null));
  const [near, setNear] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);

  /** @param {() => Promise<{ end: string, options: any }>} given */
  async function judge(given) {
    setBusy(true);
    setError(null);
    setNear(null);
    try {
      const { end, options } = await given();
      setJudged(await askJson(`${urlOf(about.name)}/judge${end}`, options));
      setNear({ busy: true });
      setNear(await askJson(`${urlOf(about.name)}/nearest${end}`, options).catch((problem) => ({ problem })));
    } catch (problem) {
      setJudged(null);
      setError(problem);
    } finally {
      setBusy(false);
    }
  }
  /** @param {File[]} files */
  const judgeFiles = (files) => judge(async () => ({ end: "", options: { form: formOf(about, files) } }));
  /** @param {any[]} samples */
  const judgeValues = (samples) => judge(async () => ({ end: "/values", options: { body: { samples } } }));

  const { missing, fix } = about.calibration;
  if (missing) return html`<${ErrorNote} error=${{ message: missing, fix }} />`;
  return html`<div class="asked">
    ${about.judges.files && html`<${Files} about=${about} busy=${busy} onFiles=${judgeFiles} />`}
    ${about.judges.values && html`<${Lines} about=${about} busy=${busy} onValues=${judgeValues} onError=${setError} />`}
    <${Own} about=${about} busy=${busy} onFiles=${judgeFiles} onValues=${judgeValues} onError=${setError} />
    <${ErrorNote} error=${error} />
    ${busy && !judged && html`<p class="soft" role="status">Asking the discriminator …</p>`}
    ${judged && html`<${Trust} calibration=${judged.calibration} />
      <${Verdicts} about=${about} judged=${judged} near=${near} />`}
    <${Meaning} pictures=${about.modality === "image"} />
  </div>`;
}

const ASKED = /** @type {Record<string, string>} */ ({
  image: "Pictures", table: "A CSV file of rows, with the columns of the table", text: "A file of texts (.txt)",
});

/** @param {{ about: import("../create/runs.js").About, busy: boolean, onFiles: (files: File[]) => void }} props */
function Files({ about, busy, onFiles }) {
  const [over, setOver] = useState(false);
  const hover = (/** @type {DragEvent} */ event, /** @type {boolean} */ now) => { event.preventDefault(); setOver(now); };
  return html`<div class=${`card drop ${over ? "over" : ""}`}
    onDragOver=${(/** @type {DragEvent} */ e) => hover(e, true)} onDragLeave=${(/** @type {DragEvent} */ e) => hover(e, false)}
    onDrop=${(/** @type {DragEvent} */ e) => { hover(e, false); const files = [...(e.dataTransfer?.files ?? [])]; if (files.length) onFiles(files); }}>
    <${Field} label=${`${ASKED[about.modality] ?? "Files"}: drop them here, or choose`}>
      <input type="file" multiple=${about.modality === "image"} disabled=${busy}
        accept=${about.modality === "image" ? "image/*" : ".csv,.tsv,.txt"}
        onChange=${(/** @type {any} */ e) => { const files = [...e.target.files]; if (files.length) onFiles(files); e.target.value = ""; }} />
    <//>
    <p class="small soft">${about.modality === "image"
      ? `They are brought to ${about.shape[2]} × ${about.shape[1]} pixels, as the training data were. They stay on this server for as long as the answer takes.`
      : "It stays on this server for as long as the answer takes."}</p>
  </div>`;
}

/** Samples that are typed: a sentence a line, or a point a line.
 * @param {{ about: import("../create/runs.js").About, busy: boolean, onValues: (samples: any[]) => void,
 *   onError: (error: any) => void }} props
 */
function Lines({ about, busy, onValues, onError }) {
  const [text, setText] = useState("");
  const isText = about.modality === "text";
  function go(/** @type {Event} */ event) {
    event.preventDefault();
    const lines = text.split("\n").filter((line) => line.trim());
    if (isText) return onValues(lines);
    const points = lines.map((line) => line.trim().split(/[\s,;]+/).map(Number));
    const bad = points.findIndex((p) => p.some(Number.isNaN));
    if (bad >= 0) return onError(mistake(`Line ${bad + 1} holds no numbers: ${lines[bad]}`, "Write one point a line: 0.5, -1.2"));
    return onValues(points);
  }
  return html`<form class="card" onSubmit=${go}>
    <${Field} label=${isText ? "Texts, one a line" : "Points, one a line: 0.5, -1.2"}>
      <textarea rows="4" value=${text} onInput=${(/** @type {any} */ e) => setText(e.target.value)}></textarea>
    <//>
    <p></p><div class="row"><button class="primary" disabled=${busy || !text.trim()}>Ask</button></div>
  </form>`;
}

/** Fakes of the run itself, for who has nothing at hand.
 * @param {{ about: import("../create/runs.js").About, busy: boolean, onFiles: (files: File[]) => void,
 *   onValues: (samples: any[]) => void, onError: (error: any) => void }} props
 */
function Own({ about, busy, onFiles, onValues, onError }) {
  async function go() {
    const seed = Math.floor(Math.random() * 2 ** 31);
    try {
      if (!about.walks) {
        const rows = await ask(`${urlOf(about.name)}/sample?n=${FAKES}&seed=${seed}&format=csv`);
        return onFiles([new File([await rows.blob()], "fakes.csv")]);
      }
      const { samples } = await askJson(`${urlOf(about.name)}/places?n=${FAKES}&seed=${seed}`);
      if (about.modality !== "image") return onValues(samples);
      return onFiles(samples.map((/** @type {string} */ content, /** @type {number} */ i) => pictureFile(content, `fake ${i + 1}.png`)));
    } catch (error) {
      return onError(error);
    }
  }
  return html`<div class="row"><button disabled=${busy} onClick=${go}>Try it with ${FAKES} fakes of this run</button></div>`;
}
