// Watch: runs side by side, training or ended; trainings begin, stop and go on.

import { ErrorNote, Lost, html, useCallback, useEffect, useState } from "../ui.js";
import { domains } from "./curves.js";
import { Run } from "./run.js";
import { RunList, StartForm } from "./list.js";
import { useRuns } from "./polling.js";

// Side by side; more would be too narrow to read.
const MOST_SHOWN = 4;

export const styled = true;

/** @param {import("../ui.js").TabProps} props */
export default function Watch({ query, setQuery }) {
  const chosen = query.getAll("run").slice(0, MOST_SHOWN);
  const { list, runs, error, refresh } = useRuns(chosen);
  const [failed, setFailed] = useState(/** @type {any} */ (null));
  const change = (/** @type {(query: URLSearchParams) => void} */ how) => {
    const next = new URLSearchParams(query);
    how(next);
    setQuery(next);
  };
  const choose = (/** @type {string[]} */ names) => change((next) => {
    next.delete("run");
    names.forEach((name) => next.append("run", name));
  });
  useEffect(() => {  // the first time, the one that somebody most likely came for
    if (chosen.length || !list?.runs.length) return;
    const first = list.runs.find((run) => run.state === "training") ?? list.runs[0];
    choose([first.name]);
  }, [list, chosen.length]);
  const act = useCallback(async (/** @type {() => Promise<any>} */ wanted) => {
    try {
      setFailed(null);
      await wanted();
    } catch (problem) {
      setFailed(problem);
    }
    refresh();
  }, [refresh]);
  const shown = chosen.map((name) => runs[name]).filter(Boolean);
  const at = query.get("at");
  const setAt = (/** @type {number | null} */ samples) => change((next) => {
    if (samples === null) next.delete("at");
    else next.set("at", String(samples));
  });
  const own = query.get("scales") === "own";
  const setOwn = (/** @type {any} */ event) => change((next) => {
    if (event.target.checked) next.delete("scales");
    else next.set("scales", "own");
  });
  return html`<h1>Watch runs</h1>
    <${ErrorNote} error=${error ?? failed} />
    <${Lost} folders=${list?.lost} />
    <div class="watch">
      <div class="watch-side">
        <${RunList} list=${list} chosen=${chosen} most=${MOST_SHOWN} onChoose=${choose} />
        ${shown.length > 1 && html`<label class="row scales"><input type="checkbox" checked=${!own}
          onChange=${setOwn} /> The same scales for all</label>`}
        <${StartForm} list=${list} onStart=${(/** @type {() => Promise<any>} */ start) =>
          act(async () => {
            const { name } = await start();
            choose([name, ...chosen].slice(0, MOST_SHOWN));
          })} />
      </div>
      <div class=${`watch-runs many-${shown.length}`}>
        ${shown.map((run) => html`<${Run} key=${run.name} run=${run} alone=${shown.length === 1}
          bounds=${domains(own ? [run] : shown)} at=${at === null ? null : Number(at)} setAt=${setAt} act=${act}
          onClose=${() => choose(chosen.filter((name) => name !== run.name))} />`)}
      </div>
    </div>`;
}
