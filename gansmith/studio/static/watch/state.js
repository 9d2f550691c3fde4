// Where a run stands, in words.

import { html } from "../ui.js";

/** @param {{ run: import("./polling.js").State }} props */
export function StateWord({ run }) {
  return html`<span class=${`state ${run.state}`}>${run.state}</span>`;
}

/** How much of a run is played.
 * @param {import("./polling.js").State} run
 */
export function howFar(run) {
  if (!run.total) return run.modality ?? "";
  const share = Math.min(run.samples ?? 0, run.total) / run.total;
  return share < 1 ? `${Math.floor(100 * share)} %` : count(run.total);
}

/** A number of samples.
 * @param {number} samples
 */
export function count(samples) {
  return samples.toLocaleString("en");
}

/** Since when, and how fast, as a sentence.
 * @param {import("./polling.js").State} run
 */
export function about(run) {
  const parts = [];
  if (run.total) {
    parts.push(`${count(Math.min(run.samples ?? 0, run.total))} of ${count(run.total)} samples`);
  }
  if (run.samples_per_second) parts.push(`${count(Math.round(run.samples_per_second))} a second`);
  if (run.since) parts.push(`${SINCE[run.state] ?? "since"} ${when(run.since)}`);
  return parts.join(" · ");
}

const SINCE = /** @type {Record<string, string>} */ ({
  training: "began", starting: "began", stopping: "began", ended: "ended", stopped: "stopped",
  failed: "failed",
});

/** A time of the epoch, by this browser's clock.
 * @param {number} seconds
 */
function when(seconds) {
  const date = new Date(1000 * seconds);
  const ago = (Date.now() - date.getTime()) / 1000;
  if (ago < 90) return "just now";
  if (ago < 5400) return `${Math.round(ago / 60)} minutes ago`;
  if (ago < 86400) return `${Math.round(ago / 3600)} hours ago`;
  return date.toLocaleDateString("en", { day: "numeric", month: "long", year: "numeric" });
}

/** A number, short.
 * @param {number} value
 */
export function short(value) {
  const tiny = value !== 0 && Math.abs(value) < 1e-3;
  const text = Math.abs(value) >= 1e4 ? count(Math.round(value))
    : tiny ? value.toExponential(1) : String(Number(value.toPrecision(3)));
  return text.replaceAll("-", "−");
}
