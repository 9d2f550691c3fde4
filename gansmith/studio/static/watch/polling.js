// Asks the server what is new: often while something trains, now and then otherwise.

import { askJson } from "../api.js";
import { useCallback, useEffect, useRef, useState } from "../ui.js";

const LIVE_MS = 1500;
const CALM_MS = 8000;

/** @typedef {{ samples: number[], mean: number[], low?: number[], high?: number[] }} Curve */
/** What the list says of a run.
 * @typedef {{ name: string, state: string, since: number | null, samples?: number, total?: number,
 *   samples_per_second?: number | null, modality?: string | null, word: string | null,
 *   report?: boolean, can_stop?: boolean, can_resume?: boolean, elsewhere?: boolean }} State */
/** A run that is looked at.
 * @typedef {State & { sheets: number[], history: { version: string, records: number,
 *   curves: Record<string, Curve>, thinned: number, more: boolean, broken: number,
 *   findings: { name: string, evidence: string, means: string, change: string }[] } }} Watched */
/** @typedef {{ runs: State[], lost: string[], sources: string[], room: number,
 *   minutes: { min: number, max: number } }} List */

/** The list of runs, and all about those that are looked at.
 * @param {string[]} names
 */
export function useRuns(names) {
  const [list, setList] = useState(/** @type {List | null} */ (null));
  const [runs, setRuns] = useState(/** @type {Record<string, Watched>} */ ({}));
  const [error, setError] = useState(/** @type {any} */ (null));
  const [turn, setTurn] = useState(0);
  const kept = useRef(runs);
  const wanted = names.join("\n");
  const refresh = useCallback(() => setTurn((before) => before + 1), []);
  useEffect(() => {
    const control = new AbortController();
    let timer = 0;
    const look = async () => {
      let pause = CALM_MS;
      if (!document.hidden) {
        try {
          const found = await lookAt(wanted ? wanted.split("\n") : [], kept.current, control.signal);
          kept.current = found.runs;
          setList(found.list);
          setRuns(found.runs);
          setError(null);
          if (found.more) pause = 0;
          else if (found.list.runs.some((run) => LIVE.has(run.state))) pause = LIVE_MS;
        } catch (problem) {
          if (control.signal.aborted) return;
          setError(problem);
        }
      }
      timer = window.setTimeout(look, pause);
    };
    const back = () => { if (!document.hidden) refresh(); };
    document.addEventListener("visibilitychange", back);
    look();
    return () => {
      control.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", back);
    };
  }, [wanted, turn]);
  return { list, runs, error, refresh };
}

const LIVE = new Set(["training", "starting", "stopping"]);

/** One look at the list and at these runs; what is not new is kept.
 * @param {string[]} names @param {Record<string, Watched>} before @param {AbortSignal} signal
 */
async function lookAt(names, before, signal) {
  /** @type {List} */
  const list = await askJson("api/watch/runs", { signal });
  const there = new Map(list.runs.map((run) => [run.name, run]));
  const found = await Promise.all(names.map(async (name) => {
    const state = there.get(name);
    if (state === undefined) return gone(name);
    if (state.samples === undefined) return { ...nothing, ...state };
    const seen = encodeURIComponent(before[name]?.history.version ?? "");
    const now = await askJson(`api/watch/runs/${encodeURIComponent(name)}?seen=${seen}`, { signal });
    return { ...now, history: now.history.curves ? now.history : before[name].history };
  }));
  return {
    list, runs: Object.fromEntries(found.map((run) => [run.name, run])),
    more: found.some((run) => run.history.more),
  };
}

const nothing = {
  sheets: [],
  history: { version: "", records: 0, curves: {}, thinned: 1, more: false, broken: 0, findings: [] },
};

/** @param {string} name */
function gone(name) {
  return { ...nothing, name, state: "gone", since: null, word: "There is no such run any more." };
}
