// The game as the server plays it: one request a frame, and never two at once.

import { askJson, Refused } from "../api.js";
import { useCallback, useEffect, useRef, useState } from "../ui.js";

/** @typedef {import("./address.js").Settings} Settings
 *  @typedef {{ moves: number, loss: number | null, gradient: number | null, weights: number }} Tally
 *  @typedef {[number, "discriminator" | "generator", number]} Noted - number of moves, whose, how much
 *  @typedef {{ moves: string, count: number, there: boolean, diverged: boolean, of: string, equilibrium: [number, number],
 *    errors: Noted[], players: Record<"discriminator" | "generator", Tally>, scene: any, [more: string]: any }} Frame
 */

const VISITOR = crypto.getRandomValues(new Uint32Array(3)).join("-");
const KEPT = 2000;
/** How long a frame is looked at, at least, and the moves between two. */
export const SPEEDS = /** @type {Record<string, { text: string, pause: number, rounds: number }>} */ ({
  slow: { text: "Slow motion", pause: 800, rounds: 0 },
  one: { text: "1 round a frame", pause: 40, rounds: 1 },
  five: { text: "5 rounds a frame", pause: 40, rounds: 5 },
  many: { text: "25 rounds a frame", pause: 40, rounds: 25 },
});

/** A frame; where too many play at once, when the server says that it has time again.
 * @param {any} body @param {(words: string) => void} tell - why one waits
 * @returns {Promise<Frame>}
 */
async function frameOf(body, tell) {
  for (;;) {
    try {
      return await askJson("api/learn/frame", { body });
    } catch (problem) {
      if (!(problem instanceof Refused && problem.retrySeconds)) throw problem;
      const wait = 1000 * problem.retrySeconds;
      tell(`${problem.message} Asking again in ${problem.retrySeconds} seconds …`);
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}

/** Plays one game.
 * @param {Settings} settings
 * @param {string} start - moves to begin with
 */
export function useGame(settings, start) {
  const key = JSON.stringify(settings);
  const [frame, setFrame] = useState(/** @type {Frame | null} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const [notice, setNotice] = useState("");
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState("five");
  const now = useRef({ epoch: 0, speed, playing: false, busy: false, halted: false, wanted: start, errors: /** @type {Noted[]} */ ([]),
    frame: /** @type {Frame | null} */ (null), rate: /** @type {number[]} */ ([]) });
  now.current.speed = speed;

  /** Go to where the moves lead; false where something else was asked for meanwhile. */
  const reach = useCallback(async (/** @type {string} */ moves, /** @type {number} */ epoch) => {
    const self = now.current;
    Object.assign(self, { halted: false, wanted: moves });
    for (;;) {
      const scene = self.frame?.scene;
      const next = await frameOf({
        visitor: VISITOR, settings: JSON.parse(key), moves, scene: !scene,
        known: self.errors.at(-1)?.[0] ?? -1,
      }, (words) => { if (self.epoch === epoch) setNotice(words); });
      if (self.epoch !== epoch) return false;
      setNotice("");
      next.scene ??= scene;
      self.errors = [...self.errors, ...next.errors].slice(-KEPT);
      self.frame = { ...next, there: next.there || self.halted, errors: self.errors, of: key };
      setFrame(self.frame);
      if (self.frame.there || next.diverged) return true;
    }
  }, [key]);

  /** Say no more, and tell what was wrong. */
  const fail = useCallback((/** @type {any} */ problem) => {
    now.current.playing = false;
    setPlaying(false);
    setError(problem);
  }, []);

  const begin = useCallback(async (/** @type {string} */ moves) => {
    const self = now.current;
    Object.assign(self, { epoch: self.epoch + 1, playing: false, errors: [], frame: null });
    setPlaying(false);
    setError(null);
    setNotice("");
    try {
      await reach(moves, self.epoch);
    } catch (problem) {
      fail(problem);
    }
  }, [reach, fail]);

  useEffect(() => { begin(start); }, [key, start]);
  useEffect(() => () => { now.current.epoch += 1; now.current.playing = false; }, []);

  /** Some more moves, such as d1. */
  const add = useCallback(async (/** @type {string} */ moves) => {
    const self = now.current;
    if (self.busy || !self.frame) return;
    self.busy = true;
    setError(null);
    try {
      await reach(self.frame.moves + moves, self.epoch);
    } catch (problem) {
      fail(problem);
    } finally {
      self.busy = false;
    }
  }, [reach, fail]);

  const play = useCallback(async () => {
    const self = now.current, epoch = self.epoch;
    self.playing = true;
    setPlaying(true);
    setError(null);
    while (self.playing && self.epoch === epoch && !self.frame?.diverged) {
      const began = performance.now();
      await add(nextMoves(self.frame, JSON.parse(key), SPEEDS[self.speed].rounds));
      // Drawn before the next one is asked for: a hidden page stands still.
      await new Promise((resolve) => requestAnimationFrame(resolve));
      const left = SPEEDS[self.speed].pause - (performance.now() - began);
      if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
    }
    if (self.epoch === epoch) pause();
  }, [add, key]);

  const pause = useCallback(() => {
    now.current.playing = false;
    setPlaying(false);
  }, []);

  /** On a long way, stay where the game is once the server says where that is. */
  const halt = useCallback(() => { now.current.halted = true; }, []);

  return { frame, error, notice, wanted: now.current.wanted, playing, speed, setSpeed, play, pause, halt, add, begin, visitor: VISITOR };
}

/** Moves that a sequence stands for.
 * @param {string} moves @param {Settings} settings
 */
export function countOf(moves, settings) {
  return [...moves.matchAll(/([a-z])(\d+)/g)].reduce((sum, [, letter, count]) =>
    sum + Number(count) * (letter === "r" ? settings.d_steps + settings.g_steps : 1), 0);
}

/** What is played for the next frame; in slow motion whoever's turn it is.
 * @param {Frame | null} frame @param {Settings} settings @param {number} rounds
 */
export function nextMoves(frame, settings, rounds) {
  if (settings.game === "faces") return `s${Math.max(1, 3 * rounds)}`;
  if (rounds) return `r${rounds}`;
  return isTurnOfG(frame, settings) ? "g1" : "d1";
}

/** Whether D has made its moves of the round that is under way, and G not all of its own.
 * @param {Frame | null} frame @param {Settings} settings
 */
function isTurnOfG(frame, settings) {
  const [, letter, made] = /([dg])(\d+)$/.exec(frame?.moves ?? "") ?? ["", "", "0"];
  if (letter === "d") return Number(made) % settings.d_steps === 0;
  return letter === "g" && Number(made) % settings.g_steps !== 0;
}
