// The slanted faces: the arithmetic of the last step, with every number of it.

import { html } from "../ui.js";

/** @param {number} value */
const number = (value) => value.toFixed(4).replace("-", "−");
/** The same as a term of a sum. @param {number} value */
const signed = (value) => (value < 0 ? `(${number(value)})` : number(value));
const PIXELS = ["top left", "top right", "bottom left", "bottom right"];
const TITLES = ["D looks at a face", "D looks at a fake", "G answers, on the same latent"];

/** A number with all its digits behind it.
 * @param {number} value
 */
const exact = (value) => html`<span title=${String(value)}>${number(value)}</span>`;

/** A picture of four pixels, dark where they are 1.
 * @param {{ pixels: number[], label: string, note?: string }} props
 */
export function Tile({ pixels, label, note }) {
  return html`<figure class="tile">
    <svg viewBox="0 0 2 2" role="img" aria-label="${label}: ${pixels.map(number).join(", ")}">
      ${pixels.map((value, i) => html`<rect x=${i % 2} y=${Math.floor(i / 2)} width="1" height="1"
        fill="var(--ink)" fill-opacity=${0.04 + 0.96 * value} />`)}
    </svg>
    <figcaption>${label}${note && html`<br /><span class="soft">${note}</span>`}</figcaption>
  </figure>`;
}

/** The five faces, and what G makes of five latents.
 * @param {{ frame: import("./game.js").Frame }} props
 */
export function Tiles({ frame }) {
  if (!frame.scene?.faces || !frame.fakes) return null;
  return html`<div class="tiles">
    <div><h3>Faces</h3><div class="row">${frame.scene.faces.map((/** @type {number[]} */ face, /** @type {number} */ i) =>
      html`<${Tile} pixels=${face} label="face ${i + 1}" note="D ${frame.face_answers[i].toFixed(3)}" />`)}</div></div>
    <div><h3>Fakes</h3><div class="row">${frame.fakes.map((/** @type {number[]} */ fake, /** @type {number} */ i) =>
      html`<${Tile} pixels=${fake} label="z = ${frame.latents[i]}" note="D ${frame.answers[i].toFixed(3)}" />`)}</div></div>
  </div>`;
}

/** All weights as they are now.
 * @param {{ frame: import("./game.js").Frame }} props
 */
export function Weights({ frame }) {
  if (!frame.weights) return null;
  const row = (/** @type {string} */ name, /** @type {string} */ of) => html`<tr><th scope="row">${of} <i>${name}</i></th>
    ${frame.weights[name].map((/** @type {number} */ value) => html`<td data-of="weights ${name}">${exact(value)}</td>`)}</tr>`;
  return html`<div class="scroll weights"><table class="numbers">
    <thead><tr><td></td>${PIXELS.map((pixel) => html`<th scope="col">${pixel}</th>`)}</tr></thead>
    <tbody>${row("w", "D")}${row("b", "D")}${row("v", "G")}${row("c", "G")}</tbody>
  </table></div>`;
}

/** Forward, error, derivative, update.
 * @param {{ step: any }} props
 */
export function Arithmetic({ step }) {
  if (!step) {
    return html`<p class="soft">Nobody has moved yet. A move has three steps: D looks at a face, D looks at a fake, G answers.</p>`;
  }
  const parts = step.turn === 2 ? generator(step) : discriminator(step);
  return html`<h3>Move ${step.number}, step ${step.turn + 1} of 3: ${step.turn === 0
    ? `D looks at face ${step.face}` : TITLES[step.turn]}</h3>
    <ol class="arithmetic">${parts.map(([title, content]) => html`<li><h4>${title}</h4>${content}</li>`)}</ol>`;
}

/** w · x + b, number by number. @param {any} step */
function forward(step) {
  const terms = step.x.map((/** @type {number} */ x, /** @type {number} */ i) =>
    `${signed(step.w_before[i])} · ${number(x)}`).join(" + ");
  return html`<p><i>l</i> = <i>w</i> · <i>x</i> + <i>b</i> = ${terms} + ${signed(step.b_before[0])} = <b>${exact(step.logit[0])}</b></p>
    <p><i>D</i> = σ(<i>l</i>) = 1 / (1 + e<sup>−<i>l</i></sup>) = <b>${exact(step.answer[0])}</b></p>`;
}

/** A fake from its latent. @param {any} step */
function made(step) {
  return html`<p><i>z</i> = ${exact(step.z[0])}</p>
    ${rows([["a = v z + c", step.a], ["G = σ(a)", step.x]])}`;
}

/** @param {[string, number[]][]} lines */
function rows(lines) {
  return html`<div class="scroll"><table class="numbers"><tbody>${lines.map(([name, values]) => html`<tr>
    <th scope="row">${name}</th>${values.map((value) => html`<td>${exact(value)}</td>`)}</tr>`)}</tbody></table></div>`;
}

/** @param {any} step @returns {[string, any][]} */
function discriminator(step) {
  const onFace = step.turn === 0;
  const slope = onFace ? "D − 1" : "D";
  return [
    ["Forward", html`${!onFace && made(step)}${forward(step)}`],
    ["Error", html`<p><i>E</i> = ${onFace ? "−ln D" : "−ln(1 − D)"} = <b>${exact(step.loss[0])}</b></p>`],
    ["Derivative", html`<p>∂<i>E</i>/∂<i>l</i> = ${slope} = ${exact(step.slope[0])}: what was said, less what was true.</p>
      ${rows([[`∂E/∂w = (${slope}) x`, step.w_gradient], ["∂E/∂b", step.b_gradient]])}`],
    ["Update", html`<p>Each weight goes down by ${step.rate} times its derivative.</p>
      ${rows([["old w", step.w_before], ["new w", step.w_after], ["old b, new b", [step.b_before[0], step.b_after[0]]]])}`],
  ];
}

/** @param {any} step @returns {[string, any][]} */
function generator(step) {
  return [
    ["Forward", html`${made(step)}${forward(step)}`],
    ["Error", html`<p><i>E</i> = −ln D = <b>${exact(step.loss[0])}</b></p>`],
    ["Derivative", html`<p>∂<i>E</i>/∂<i>l</i> = D − 1 = ${exact(step.slope[0])}; from there through D's weights to each pixel.</p>
      ${rows([["(D − 1) w", step.by_pixel], ["G (1 − G)", step.by_activation], ["∂E/∂a, their product", step.a_gradient],
        ["∂E/∂v = ∂E/∂a z", step.v_gradient], ["∂E/∂c = ∂E/∂a", step.c_gradient]])}`],
    ["Update", html`<p>Each weight goes down by ${step.rate} times its derivative. D's weight stands in the middle: G never sees a face.</p>
      ${rows([["old v", step.v_before], ["new v", step.v_after], ["old c", step.c_before], ["new c", step.c_after]])}`],
  ];
}
