// Report: what `gansmith evaluate` measured, with the floor that real samples reach beside every value.

import { ask, askJson } from "../api.js";
import { ErrorNote, Lost, Select, html, useEffect, useState } from "../ui.js";
import { Span } from "./span.js";

/** @typedef {{ name: string, value: number, low: number | null, high: number | null,
 *   floor: number | null, better: string, reads: string, num_fake: number, num_real: number,
 *   contaminated: boolean, shown: Record<string, string | null> }} Value */
/** @typedef {{ name: string, values: Value[], classes: Record<string, Value[]>,
 *   missing: { name: string, why: string }[], about: any, page: boolean,
 *   baselines: { verdict: string, notes: string[], rows: { name: string, values: Value[] }[] } | null
 * }} Numbers */

export const styled = true;

/** @param {import("../ui.js").TabProps} props */
export default function Report({ query, setQuery }) {
  const [names, setNames] = useState(/** @type {string[] | null} */ (null));
  const [lost, setLost] = useState(/** @type {string[]} */ ([]));
  const [found, setFound] = useState(/** @type {{ numbers?: Numbers, error?: any }} */ ({}));
  const name = query.get("run") ?? names?.[0];
  useEffect(() => {
    askJson("api/watch/runs").then(
      ({ runs, lost: missing }) => {
        setNames(runs.filter((/** @type {any} */ r) => r.report).map((/** @type {any} */ r) => r.name));
        setLost(missing);
      },
      (error) => setFound({ error }),
    );
  }, []);
  useEffect(() => {
    if (name === undefined) return undefined;
    const control = new AbortController();
    setFound({});
    askJson(`api/watch/runs/${encodeURIComponent(name)}/report`, { signal: control.signal }).then(
      (numbers) => setFound({ numbers }),
      (error) => { if (!control.signal.aborted) setFound({ error }); },
    );
    return () => control.abort();
  }, [name]);
  if (!names) return html`<h1>Report</h1><${ErrorNote} error=${found.error} />`;
  const choices = [...new Set([...name === undefined ? [] : [name], ...names])].sort();
  return html`<div class="report">
      <div class="report-head"><h1>Report</h1>
        ${choices.length > 0 && html`<${Select} label="Of the run" value=${name}
          choices=${choices.map((each) => [each, each])}
          onChange=${(/** @type {string} */ run) => setQuery(new URLSearchParams({ run }))} />`}
      </div>
      ${name === undefined && html`<p class="card">No run was evaluated yet:
        <code>gansmith evaluate RUN</code>.</p>`}
      <${Lost} folders=${lost} />
      <${ErrorNote} error=${found.error ?? null} />
      ${found.numbers && html`<${Whole} key=${name} numbers=${found.numbers} />`}
    </div>`;
}

/** @param {{ numbers: Numbers }} props */
function Whole({ numbers }) {
  const { about, baselines, classes, missing, values } = numbers;
  const used = about.features?.used_in_training;
  return html`
    <p>${sentence(about)}</p>
    ${used && html`<p class="error">Contaminated: ${String(used)}. These values may look better than the
      samples are.</p>`}
    <section class="card"><h2>What was measured</h2><${Values} values=${values} />
      <p class="soft small">The bar is the 95 % interval, the dot the value, the stroke what real samples
        reach in the fakes' place. A value within reach of the stroke is as good as these counts can tell.</p>
    </section>
    ${baselines && html`<section class="card"><h2>Beside simpler ways</h2>
      <p><strong>${baselines.verdict}</strong></p>
      ${baselines.rows.map((row) => html`<h3>${row.name}</h3><${Values} values=${row.values} />`)}
      ${baselines.notes.map((note) => html`<p class="soft small">${note}</p>`)}</section>`}
    ${missing.length > 0 && html`<section class="card"><h2>What was not measured</h2>
      <dl>${missing.map((one) => html`<dt>${one.name}</dt><dd>${one.why}</dd>`)}</dl></section>`}
    ${Object.keys(classes).length > 0 && html`<section class="card"><h2>Classes</h2>
      ${Object.entries(classes).map(([name, own]) => html`<details>
        <summary>${name}</summary><${Values} values=${own} /></details>`)}</section>`}
    ${numbers.page && html`<${Page} name=${numbers.name} />`}
    <details class="card"><summary>How it was measured</summary>
      <dl>${flat(about).map(([key, value]) => html`<dt>${key}</dt><dd>${value}</dd>`)}</dl></details>`;
}

/** @param {any} about */
function sentence(about) {
  const fakes = Number(about.fake?.num_measured ?? 0).toLocaleString("en");
  return `${fakes} fakes against ${about.real?.reference ?? "real samples"}. Distances are between `
    + `features: ${about.features?.about ?? "unknown"}.`;
}

/** @param {{ values: Value[] }} props */
function Values({ values }) {
  return html`<table class="values">
    <thead><tr><th>metric</th><th class="number">value</th><th>95 % interval</th><th></th>
      <th class="number">real data</th><th>better</th><th class="number">n</th><th>reads</th></tr></thead>
    <tbody>${values.map((value) => html`<tr key=${value.name}>
      <th scope="row">${value.name}</th>
      <td class="number" data-label="value"><b>${signed(value.shown.value)}</b></td>
      <td data-label="95 % interval">${value.shown.low === null || value.shown.high === null ? "none"
        : `${signed(value.shown.low)} to ${signed(value.shown.high)}`}</td>
      <td class="span"><${Span} value=${value} /></td>
      <td class="number" data-label="real data">${signed(value.shown.floor)}</td>
      <td data-label="better">${value.better === "floor" ? "as real" : value.better}</td>
      <td class="number" data-label="n">${value.num_fake.toLocaleString("en")}</td>
      <td class="reads soft">${value.contaminated && html`<span class="bad">contaminated: </span>`}${value.reads}</td>
    </tr>`)}</tbody></table>`;
}

/** A number with the sign that is no hyphen, at which a line could break.
 * @param {string | null} shown
 */
function signed(shown) {
  return shown?.replaceAll("-", "−") ?? "none";
}

/** The page that evaluate wrote: shown where no script of it can run and nothing can be fetched.
 * @param {{ name: string }} props */
function Page({ name }) {
  const [text, setText] = useState("");
  const [error, setError] = useState(/** @type {any} */ (null));
  const open = async (/** @type {any} */ event) => {
    if (!event.target.open || text) return;
    try {
      setText(await (await ask(`api/watch/runs/${encodeURIComponent(name)}/report/page`)).text());
    } catch (problem) {
      setError(problem);
    }
  };
  return html`<details class="card page" onToggle=${open}>
    <summary>The page that evaluate wrote, with samples and curves</summary>
    <${ErrorNote} error=${error} />
    ${text && html`<iframe sandbox="" srcdoc=${text} title=${`Report of ${name}`}></iframe>`}
  </details>`;
}

/** Names and values of a nested object, as text.
 * @param {any} about @param {string} [prefix]
 * @returns {[string, string][]} */
function flat(about, prefix = "") {
  return Object.entries(about).flatMap(([name, value]) => {
    const key = `${prefix}${name.replaceAll("_", " ")}`;
    return value !== null && typeof value === "object" && !Array.isArray(value)
      ? flat(value, `${key}: `) : [/** @type {[string, string]} */ ([key, String(value ?? "none")])];
  });
}
