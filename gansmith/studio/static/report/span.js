// A value with its interval and the floor of real data, as a small drawing.

import { html } from "../ui.js";

const WIDTH = 140;
const HEIGHT = 18;
const EDGE = 6;

/** @param {{ value: import("./index.js").Value }} props */
export function Span({ value }) {
  const { low, high, floor } = value;
  const numbers = [value.value, low, high, floor].filter((number) => number !== null);
  const least = Math.min(...numbers);
  const most = Math.max(...numbers);
  const x = (/** @type {number} */ number) => most > least  // all of it may be one number, such as 0
    ? EDGE + (number - least) / (most - least) * (WIDTH - 2 * EDGE) : WIDTH / 2;
  return html`<svg width=${WIDTH} height=${HEIGHT} viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
    ${low !== null && high !== null && html`<line x1=${x(low)} x2=${x(high)} y1=${HEIGHT / 2} y2=${HEIGHT / 2}
      stroke="var(--fake)" stroke-width="4" stroke-opacity=".35" />`}
    ${floor !== null && html`<line x1=${x(floor)} x2=${x(floor)} y1="1" y2=${HEIGHT - 1}
      stroke="var(--real)" stroke-width="2" />`}
    ${value.value !== null && html`<circle cx=${x(value.value)} cy=${HEIGHT / 2} r="3.5" fill="var(--fake)" />`}
  </svg>`;
}
