// One run: where it stands, its samples over time, the doctor's words, its curves.

import { askJson } from "../api.js";
import { html, useState } from "../ui.js";
import { Chart } from "./chart.js";
import { groups } from "./curves.js";
import { Sheet } from "./sheet.js";
import { StateWord, about, count } from "./state.js";

/** @param {{ run: import("./polling.js").Watched, alone: boolean,
 *   bounds: import("./curves.js").Bounds, at: number | null,
 *   setAt: (samples: number | null) => void, act: (wanted: () => Promise<any>) => void,
 *   onClose: () => void }} props */
export function Run({ run, alone, bounds, at, setAt, act, onClose }) {
  const shown = groups(run.history.curves);
  return html`<section class=${alone ? "run alone" : "run"} aria-label=${`Run ${run.name}`}>
    <${Head} run=${run} act=${act} onClose=${onClose} />
    <div class="body">
      <div class="looks">
        ${run.state !== "gone" && html`<${Sheet} run=${run} at=${at} setAt=${setAt} />`}
        <${Doctor} run=${run} />
        <${Odd} history=${run.history} />
      </div>
      <div class="charts">
        ${shown.map((group) => html`<${Chart} key=${group.title} group=${group}
          curves=${run.history.curves} bounds=${bounds} at=${at} />`)}
      </div>
    </div>
  </section>`;
}

/** What was done to the records before they are drawn.
 * @param {{ history: import("./polling.js").Watched["history"] }} props */
function Odd({ history: { records, thinned, broken } }) {
  return html`
    ${thinned > 1 && html`<p class="soft small">${count(records)} records: a line is the mean of
      ${" "}${thinned} of them each, and its band reaches from the least to the largest.</p>`}
    ${broken > 0 && html`<p class="error">${broken === 1 ? "One line of metrics.jsonl is no record and is"
      : `${count(broken)} lines of metrics.jsonl are no records and are`} left out.</p>`}`;
}

/** @param {{ run: import("./polling.js").Watched, act: (wanted: () => Promise<any>) => void,
 *   onClose: () => void }} props */
function Head({ run, act, onClose }) {
  const { samples = 0, total = 0 } = run;
  const [asked, setAsked] = useState("");
  const send = (/** @type {string} */ what) => {
    setAsked(`${what} ${run.state}`);
    act(() => askJson(`api/watch/runs/${encodeURIComponent(run.name)}/${what}`, { method: "POST" })
      .catch((problem) => { setAsked(""); throw problem; }));
  };
  const waits = (/** @type {string} */ what) => asked === `${what} ${run.state}`;
  return html`<header class="card head">
    <div class="row">
      <h2>${run.name}</h2>
      <span role="status"><${StateWord} run=${run} /></span>
      <span class="push"></span>
      ${run.report && html`<a class="button" href=${`#report?${new URLSearchParams({ run: run.name })}`}>Report</a>`}
      ${run.can_stop && html`<button disabled=${waits("stop") || run.state === "stopping"}
        onClick=${() => send("stop")}>Stop</button>`}
      ${run.state === "gone" && html`<button onClick=${onClose}>Put away</button>`}
      ${run.can_resume && html`<button class="primary" disabled=${waits("resume")}
        onClick=${() => send("resume")}>Resume</button>`}
    </div>
    <p class="soft small">${about(run)}</p>
    ${total > 0 && html`<progress max=${total} value=${Math.min(samples, total)}
      aria-label="Played"></progress>`}
    ${run.elsewhere && html`<p class="soft small">${elsewhere(run)}</p>`}
    ${run.word && html`<p class="error">${run.word}</p>`}
  </header>`;
}

/** What can be done about a training that this studio has not begun.
 * @param {import("./polling.js").State} run
 */
function elsewhere(run) {
  if (run.state === "stopping") return "It was asked to save and end; the same command goes on with it.";
  return run.can_stop ? "Begun elsewhere. Stop lets it save and end there; the same command goes on with it."
    : "Begun elsewhere; end it there.";
}

/** @param {{ run: import("./polling.js").Watched }} props */
function Doctor({ run }) {
  const { findings, records } = run.history;
  if (!records) return null;
  return html`<div class="card doctor"><h3>The doctor</h3>
    ${findings.length ? findings.map((found) => html`<div key=${found.name}>
      <p><strong>${found.name}</strong>: ${found.evidence}.</p>
      <p class="soft">${found.means}</p><p>${found.change}</p></div>`)
    : html`<p class="soft">Nothing stands out in the records so far.</p>`}
  </div>`;
}
