// One sample, whatever it is: a picture, a text, or a point.

import { html } from "../ui.js";

/** The address of a picture that came as PNG in base64.
 * @param {string} content
 */
export function pictureUrl(content) {
  return `data:image/png;base64,${content}`;
}

/** A picture that came as PNG in base64, as a file to send.
 * @param {string} content
 * @param {string} name
 */
export function pictureFile(content, name) {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  return new File([bytes], name, { type: "image/png" });
}

/** A sample.
 * @param {{ modality: string, sample: any, label: string }} props
 */
export function Sample({ modality, sample, label }) {
  if (modality === "image") return html`<img class="sample" src=${pictureUrl(sample)} alt=${label} />`;
  if (modality === "points") return html`<span class="mono">${point(sample)}</span>`;
  return html`<span class="said">${sample}</span>`;
}

/** @param {number[]} numbers */
export function point(numbers) {
  return numbers.map((x) => x.toFixed(2)).join(", ");
}

/** Samples beside each other; where `onPick` is given they can be chosen.
 * @param {{ modality: string, samples: any[], classes?: string[] | null, picked?: number[],
 *   onPick?: (number: number) => void, label: string, inLine?: boolean }} props - in line: in one row
 *   where there is room
 */
export function Samples({ modality, samples, classes, picked = [], onPick, label, inLine = false }) {
  const named = (/** @type {number} */ i) =>
    `Sample ${i + 1}${classes ? `, class ${classes[i]}` : ""}${modality === "image" ? "" : `: ${samples[i]}`}`;
  return html`<div class=${`samples of-${modality} ${inLine ? "in-line" : ""}`} role="group" aria-label=${label}
    style=${{ "--count": samples.length }}>
    ${samples.map((sample, i) => onPick
      ? html`<button class="one" aria-pressed=${picked.includes(i)} aria-label=${named(i)} title=${named(i)}
          onClick=${() => onPick(i)}>
          <${Sample} modality=${modality} sample=${sample} label="" />
          ${picked.includes(i) && html`<span class="mark" aria-hidden="true">${picked.indexOf(i) === 0 ? "A" : "B"}</span>`}
        </button>`
      : html`<span class="one"><${Sample} modality=${modality} sample=${sample} label=${named(i)} /></span>`)}
  </div>`;
}
