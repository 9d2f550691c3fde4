// Learn: the game, move by move. The address holds all of it, so that others see the same run.

import { askJson } from "../api.js";
import { ErrorNote, html, Select, useEffect, useMemo, useRef, useState } from "../ui.js";
import { changed, read, write } from "./address.js";
import { Controls } from "./controls.js";
import { Dirac } from "./dirac.js";
import { Drawing } from "./drawing.js";
import { Errors } from "./errors.js";
import { Arithmetic, Tiles, Weights } from "./faces.js";
import { countOf, SPEEDS, useGame } from "./game.js";
import { count, Counts, Critic, Players, short } from "./numbers.js";
import { Plane } from "./plane.js";

/** @typedef {import("./address.js").Choices} Choices
 *  @typedef {import("./address.js").Settings} Settings
 *  @typedef {import("./game.js").Frame} Frame
 */

export const styled = true;
const ADDRESS_EVERY = 1000;
const LAYERS = /** @type {[string, string][]} */ ([
  ["heat", "D's answer"], ["real", "real"], ["fake", "fakes"], ["lattice", "latent grid"], ["arrows", "arrows"],
]);

/** @param {import("../ui.js").TabProps} props */
export default function Learn({ query, setQuery }) {
  const [choices, setChoices] = useState(/** @type {Choices | null} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  useEffect(() => { askJson("api/learn/choices").then(setChoices, setError); }, []);
  return html`<div class="learn">
    <h1>The game, move by move</h1>
    <p class="lead">A generator G makes points from noise, a discriminator D learns to tell them from real ones, and each learns from
      the other. Move one alone, and break it on purpose.</p>
    <${ErrorNote} error=${error} />
    ${choices && html`<${Table} choices=${choices} query=${query} setQuery=${setQuery} />`}
  </div>`;
}

/** The game itself.
 * @param {{ choices: Choices, query: URLSearchParams, setQuery: (query: URLSearchParams) => void }} props
 */
function Table({ choices, query, setQuery }) {
  const given = useMemo(() => read(query, choices), [query]);
  const [chosen, setChosen] = useState(given);
  const written = useRef(query.toString());
  const { settings } = chosen;
  const game = useGame(settings, chosen.moves);
  const { frame, playing } = game;
  const [shows, setShows] = useState({ heat: true, real: true, fake: true, lattice: false, arrows: true });

  useEffect(() => { // an address that came from elsewhere: a link, the way back
    if (query.toString() !== written.current) setChosen(given);
  }, [query]);
  const save = (/** @type {string} */ moves) => {
    const next = write(settings, moves, chosen.shown);
    if (next.toString() === written.current) return;
    written.current = next.toString();
    setQuery(next);
  };
  const key = JSON.stringify(settings);
  const arrived = frame?.there && frame.of === key ? frame.moves : null;
  const latest = useRef(arrived);
  latest.current = arrived ?? latest.current;
  useEffect(() => {
    if (!playing && arrived !== null) save(arrived);
  }, [key, chosen.shown, playing, arrived]);
  useEffect(() => { // not at each frame: browsers stop listening to who writes too often
    if (!playing) return undefined;
    const timer = setInterval(() => save(latest.current ?? ""), ADDRESS_EVERY);
    return () => clearInterval(timer);
  }, [key, chosen.shown, playing]);

  const change = (/** @type {Settings} */ some) =>
    setChosen({ settings: changed(settings, some), moves: "", shown: "" });
  const guide = (/** @type {import("./address.js").Case} */ one) => {
    const usual = read(new URLSearchParams(), choices).settings;
    setChosen({ settings: { ...usual, ...one.settings }, moves: "", shown: one.name });
    game.begin("");
  };
  const shown = choices.cases.find(({ name }) => name === chosen.shown);
  const draws = settings.game === "points" && settings.source === "drawn" && !settings.drawing;
  return html`
    <${Cases} cases=${choices.cases} shown=${chosen.shown} onChoose=${guide} />
    ${shown && html`<${Guide} shown=${shown} game=${game} />`}
    <div class="table ${settings.game}">
      <section class="stage card" aria-label="The game">
        ${draws ? html`<${Drawing} drawing="" onDone=${(/** @type {string} */ drawing) => change({ drawing })} />` : html`
          ${settings.game === "points" && html`<${Plane} frame=${frame} shows=${shows} />
            <${Layers} shows=${shows} onChange=${setShows} frame=${frame} />`}
          ${settings.game === "dirac" && html`<${Dirac} frame=${frame} />`}
          ${settings.game === "faces" && frame && html`<${Tiles} frame=${frame} />`}
          <${Transport} game=${game} settings=${settings} />`}
        <${ErrorNote} error=${game.error} />
        ${frame?.diverged && html`<p class="error" role="alert">A loss is no finite number any more: the game has diverged.
          <span>Begin again with a smaller learning rate.</span></p>`}
        ${settings.game === "faces" && frame && html`<${Arithmetic} step=${frame.step} />`}
      </section>
      <div class="side">
        ${frame && !draws && html`<section class="card" aria-label="Numbers">
          <${Players} frame=${frame} />
          ${settings.game === "points" && frame.counts && html`<${Counts} frame=${frame} />`}
          ${settings.game === "dirac" && frame.at && html`<p class="dirac-at">θ = <b>${short(frame.at[0])}</b>, ψ = <b>${short(frame.at[1])}</b>: ${" "}<span data-of="away">${short(frame.away)}</span> away from the equilibrium</p>`}
          ${settings.game === "faces" && html`<${Weights} frame=${frame} />`}
          <${Errors} frame=${frame} playing=${playing} />
        </section>`}
        ${frame && !draws && settings.game !== "dirac"
          && html`<${Critic} frame=${frame} settings=${settings} visitor=${game.visitor} playing=${playing} />`}
      </div>
      <details class="settings card" open=${innerWidth > 900}>
        <summary>Settings</summary>
        <${Controls} settings=${settings} choices=${choices} onChange=${change} />
        ${settings.source === "drawn" && settings.drawing && html`<button onClick=${() => change({ drawing: "" })}>Draw another</button>`}
      </details>
    </div>`;
}

/** @param {{ cases: import("./address.js").Case[], shown: string, onChoose: (one: any) => void }} props */
function Cases({ cases, shown, onChoose }) {
  return html`<nav class="cases" aria-label="Guided cases"><span class="soft small">See for yourself:</span>
    ${cases.map((one) => html`<button aria-pressed=${one.name === shown} onClick=${() => onChoose(one)}>${one.title}</button>`)}
  </nav>`;
}

/** What a guided case says.
 * @param {{ shown: import("./address.js").Case, game: ReturnType<typeof useGame> }} props
 */
function Guide({ shown, game }) {
  return html`<section class="guide card" aria-labelledby="guide-title">
    <h2 id="guide-title">${shown.title}</h2>
    <p>${shown.text}</p>
    <button onClick=${() => game.begin(shown.moves)}>Go to where it shows</button>
  </section>`;
}

/** Play, pause, single steps, speed, and the link.
 * @param {{ game: ReturnType<typeof useGame>, settings: Settings }} props
 */
function Transport({ game, settings }) {
  const { frame, playing } = game;
  const goes = !playing && isOnItsWay(game, settings);
  const still = playing || goes || !isOf(frame, settings);
  const speeds = Object.entries(SPEEDS).map(([key, { text }]) =>
    [key, settings.game === "faces" ? text.replace(/rounds?/, (word) => word.replace("round", "move")) : text]);
  return html`<div class="transport">
    <div class="row">
      <button class="primary play" onClick=${goes ? game.halt : playing ? game.pause : game.play}
        disabled=${!frame || frame.diverged}>${goes ? "Stop here" : playing ? "Pause" : "Play"}</button>
      ${settings.game === "faces"
        ? html`<button onClick=${() => game.add("s1")} disabled=${still}>One step</button>
          <button onClick=${() => game.add(`s${3 - (frame?.count ?? 0) % 3}`)} disabled=${still}>To the end of the move</button>`
        : html`<button onClick=${() => game.add("d1")} disabled=${still}>D alone</button>
          <button onClick=${() => game.add("g1")} disabled=${still}>G alone</button>
          <button onClick=${() => game.add("r1")} disabled=${still}>One round</button>`}
      <button onClick=${() => game.begin("")} disabled=${!frame?.count}>Begin again</button>
    </div>
    <div class="row">
      <${Select} label="Speed" value=${game.speed} choices=${speeds} onChange=${game.setSpeed} />
      <${Share} />
      <p class="status small soft" role="status" aria-live=${playing ? "off" : "polite"}>${status(game, settings)}</p>
    </div>
  </div>`;
}

/** Whether a frame is of the game that is chosen, and not of the one before.
 * @param {import("./game.js").Frame | null} frame @param {Settings} settings
 * @returns {frame is import("./game.js").Frame} */
function isOf(frame, settings) {
  return frame?.of === JSON.stringify(settings);
}

/** Whether a game that has begun is still on its way to where it shall be.
 * @param {ReturnType<typeof useGame>} game @param {Settings} settings */
function isOnItsWay({ frame, error }, settings) {
  return isOf(frame, settings) && !frame.there && !frame.diverged && !error;
}

/** @param {ReturnType<typeof useGame>} game @param {Settings} settings */
function status(game, settings) {
  const { frame, wanted, playing, speed, error, notice } = game;
  if (notice) return notice;
  if (!isOf(frame, settings)) return error ? "" : "The networks are made …";
  const isFaces = settings.game === "faces";
  if (!playing && isOnItsWay(game, settings)) {
    return `Playing up to there: ${count(frame.count)} of ${some(countOf(wanted, settings), isFaces ? "step" : "move")} …`;
  }
  const moves = some(isFaces ? Math.floor(frame.count / 3) : frame.count, "move");
  if (isFaces) return `${some(frame.count, "step")}, ${moves}`;
  if (playing && speed === "slow") {
    return `${moves}. ${/d\d+$/.test(frame.moves) ? "D has moved: look at its answer." : "G has moved: look at the fakes."}`;
  }
  return moves;
}

/** A number and what it is of.
 * @param {number} number @param {string} noun
 */
function some(number, noun) {
  return `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
}

/** Copies the address. */
function Share() {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      setCopied(true);
      setTimeout(() => setCopied(false), 2000);
    } catch {
      prompt("Copy this address:", location.href);
    }
  };
  return html`<button onClick=${copy} title="Whoever opens it sees this very run">${copied ? "Copied" : "Copy the link"}</button>`;
}

/** What the plane shows; also its legend.
 * @param {{ shows: Record<string, boolean>, onChange: (shows: any) => void, frame: Frame | null }} props
 */
function Layers({ shows, onChange, frame }) {
  const heat = frame?.heat;
  return html`<div class="layers row small" role="group" aria-label="Shown">
    ${LAYERS.map(([name, text]) => html`<label><input type="checkbox" checked=${shows[name]}
      onChange=${() => onChange({ ...shows, [name]: !shows[name] })} /> <span class="key ${name}"></span>${text}</label>`)}
    ${heat && html`<span class="scale" title="The colours of D's answer">
      <span>${heat.is_probability ? "0 fake" : short(heat.low)}</span><span class="ramp"></span>
      <span>${heat.is_probability ? "real 1" : short(heat.high)}</span></span>`}
  </div>`;
}
