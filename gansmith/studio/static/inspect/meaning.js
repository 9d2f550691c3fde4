// What a verdict says and what it does not.

import { html } from "../ui.js";

/** How far the probabilities can be trusted.
 * @param {{ calibration: any }} props
 */
export function Trust({ calibration: c }) {
  return html`<p class="card small">On ${c.held_out ? "held-out real samples" : html`<strong>training</strong> samples`} and
    fresh fakes of this generator, mixed half and half, this discriminator is right
    <strong> ${(100 * c.accuracy).toFixed(1)} %</strong> of the time, and its probabilities are off by
    <strong> ${c.error.toFixed(3)}</strong> on average (n = ${c.num_real} + ${c.num_fake}).
    ${c.accuracy < 0.6 && html` <strong>That is hardly better than guessing: its verdicts say little.</strong>`}
    ${!c.held_out && html` Too few samples were held out, so that it knows the real ones by heart.`}</p>`;
}

/** @param {{ pictures: boolean }} props */
export function Meaning({ pictures }) {
  return html`<section class="card means" aria-label="What a verdict means">
    <div><h2>What the verdict means</h2><ul>
      <li>How likely the sample is to be a fake of <em>this</em> generator, if as many real ones as fakes were shown.</li>
      <li>It was learned on the data of this run: anything unlike them is a case that nobody has checked.</li>
    </ul></div>
    <div><h2>What it does not mean</h2><ul>
      <li>It does not find fakes of other generators, nor edited photographs: this discriminator has never seen any.</li>
      <li>A high <em>p(fake)</em> is no proof, and a low one does not make a picture authentic.</li>
      ${pictures && html`<li>The map shows which pixels would change the answer most if they changed a little. It does not
        say why the answer is what it is.</li>`}
    </ul></div>
  </section>`;
}
