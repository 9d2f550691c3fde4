// What stands beside the plane: each player's own numbers, modes, and a fresh critic.

import { askJson } from "../api.js";
import { ErrorNote, html, useEffect, useState } from "../ui.js";

/** @typedef {import("./game.js").Frame} Frame
 *  @typedef {import("./address.js").Settings} Settings
 */

/** A number in few letters; a dash where there is none yet.
 * @param {number | null | undefined} value
 */
export function short(value) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return value.toExponential(2).replace("-", "−");
  return value.toFixed(size < 10 ? 4 : 2).replace("-", "−");
}

/** A whole number, in groups of three digits.
 * @param {number} number
 */
export function count(number) {
  return number.toLocaleString("en");
}

/** A share, with a digit more near its ends.
 * @param {number | null} share
 */
export function percent(share) {
  if (share === null) return "–";
  const near = (share > 0 && share < 0.005) || (share > 0.995 && share < 0.9995);
  return `${(100 * share).toFixed(near ? 1 : 0)} %`;
}

/** What each player has done; a player's column stands still while the other moves.
 * @param {{ frame: Frame }} props
 */
export function Players({ frame }) {
  const names = /** @type {const} */ (["discriminator", "generator"]);
  const row = (/** @type {string} */ label, /** @type {(name: "discriminator" | "generator", i: number) => string} */ value,
    /** @type {string} */ hint) => html`<tr title=${hint}>
    <th scope="row">${label}</th>
    ${names.map((name, i) => html`<td data-of="${name} ${label}">${value(name, i)}</td>`)}
  </tr>`;
  return html`<table class="players">
    <thead><tr><td></td><th scope="col"><span class="key discriminator"></span>D</th>
      <th scope="col"><span class="key generator"></span>G</th></tr></thead>
    <tbody>
      ${row("moves", (name) => String(frame.players[name].moves), "Steps of its optimizer")}
      ${row("loss", (name) => short(frame.players[name].loss), "At its last move, without penalties")}
      ${row("gradient", (name) => short(frame.players[name].gradient), "Its norm at the last move, over all weights")}
      ${row("weights", (name) => short(frame.players[name].weights), "Their norm: stands still while the other moves")}
    </tbody>
  </table>`;
}

/** What fakes reach, and what D answers.
 * @param {{ frame: Frame }} props
 */
export function Counts({ frame }) {
  const { counts, heat } = frame;
  return html`<dl class="counts">
    ${counts.modes !== undefined && html`<div><dt>Modes hit</dt>
      <dd data-of="modes">${counts.hit} of ${counts.modes}</dd>
      <dd class="soft small">${percent(counts.captured)} of ${count(counts.samples)} fakes lie at one</dd></div>`}
    ${counts.copied !== undefined && html`<div><dt>On a training point</dt>
      <dd data-of="copied">${percent(counts.copied)} of fakes</dd>
      <dd class="soft small">${percent(counts.copied_real)} of new real points are so near to one</dd></div>`}
    <div><dt>${heat.is_probability ? "D says real" : "D's answer"}</dt>
      <dd>${heat.is_probability ? percent(heat.real) : short(heat.real)} on real</dd>
      <dd>${heat.is_probability ? percent(heat.fake) : short(heat.fake)} on fakes</dd></div>
  </dl>`;
}

/** Trains a fresh critic where the game stands, and says what it found.
 * @param {{ frame: Frame, settings: Settings, visitor: string, playing: boolean }} props
 */
export function Critic({ frame, settings, visitor, playing }) {
  const [found, setFound] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  const key = JSON.stringify(settings);
  useEffect(() => { setFound(null); setError(null); }, [key]);
  const ask = async () => {
    setBusy(true);
    setError(null);
    try {
      setFound(await askJson("api/learn/critic", { body: { visitor, settings, moves: frame.moves } }));
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  const isFaces = settings.game === "faces";
  return html`<section class="critic card" aria-labelledby="critic-title">
    <h2 id="critic-title">A fresh critic</h2>
    <p class="small soft">${isFaces
      ? "A new discriminator of the very same form, fitted to the five faces and 1,000 fakes until it can do no better, and asked about 10,000 others."
      : "New discriminators, trained from nothing on held-out points and new fakes. The best one is asked about others that it has not seen."}</p>
    <button onClick=${ask} disabled=${busy || playing}>${busy ? "It learns …" : "Train one now"}</button>
    ${playing && html` <span class="small soft">Pause first.</span>`}
    <div aria-live="polite">${found && html`
      <${isFaces ? Right : Pairs} found=${found} />
      ${found.count !== frame.count && html`<p class="small soft">This was after ${count(found.count)} ${isFaces ? "steps" : "moves"}, not now.</p>`}`}
    </div>
    <${ErrorNote} error=${error} />
  </section>`;
}

/** @param {{ label: string, share: number, text: string }} props */
function Bar({ label, share, text }) {
  return html`<div class="bar"><span>${label}</span>
    <span class="track" aria-hidden="true"><span style=${{ width: `${100 * share}%` }}></span></span>
    <b>${text}</b></div>`;
}

/** @param {{ found: any }} props */
function Pairs({ found }) {
  const [own, fresh] = [found.own[0], found.fresh[0]];
  const blind = Math.abs(own - 0.5) < 0.1 && fresh - own > 0.2;
  return html`<p class="small">Shown a real point and a fake, it picks the real one in</p>
    <${Bar} label="D" share=${own} text=${percent(own)} />
    <${Bar} label="Fresh" share=${fresh} text=${percent(fresh)} />
    <p class="small">Guessing gives 50 %. ${blind
      ? "D is near guessing, and yet the fakes are easy to tell: D's answer says where D stands, not how good the fakes are."
      : fresh > 0.6 ? "What the fresh critic tells apart is really different, whatever D says."
        : "Not even a fresh critic finds much: the fakes are close, as far as it can see."}
      <span class="soft"> ${found.num_test} held-out points and as many fakes; 95 % interval of the fresh one: ${" "}
        ${percent(found.fresh[1])} to ${percent(found.fresh[2])}.</span></p>`;
}

/** @param {{ found: any }} props */
function Right({ found }) {
  const row = (/** @type {string} */ name, /** @type {any} */ of) => html`<tr><th scope="row">${name}</th>
    <td>${percent(of.faces)}</td><td>${percent(of.fakes)}</td><td>${of.error.toFixed(4)}</td></tr>`;
  return html`<div class="scroll"><table>
    <thead><tr><td></td><th scope="col">right on faces</th><th scope="col">on fakes</th><th scope="col">error</th></tr></thead>
    <tbody>${row("D", found.own)}${row("Fresh", found.fresh)}</tbody></table></div>
    <p class="small">Guessing has the error 2 ln 2 = 1.3863. ${found.fresh.accuracy - found.own.accuracy > 0.2
      ? "D is no better than a coin; weights of the same form that are, exist. So an error near 2 ln 2 is no proof of good fakes."
      : "The fresh one is not much better than D."}</p>`;
}
