// Settings and moves, to and from the address.

/** @typedef {Record<string, any>} Settings - of a game, by the server's names
 *  @typedef {{ default: any, enum?: string[], minimum?: number, maximum?: number,
 *    exclusiveMinimum?: number, exclusiveMaximum?: number, type?: string }} Bounds
 *  @typedef {{ name: string, title: string, text: string, moves: string, settings: Settings }} Case
 *  @typedef {{ settings: Record<string, Bounds>, most_moves: number, cases: Case[] }} Choices
 */

/** What each game asks for, in the order of the address. */
export const USED = /** @type {Record<string, string[]>} */ ({
  points: ["source", "drawing", "samples", "objective", "penalty", "weight", "d_width", "d_depth", "d_activation",
    "fourier", "g_width", "g_depth", "g_activation", "optimizer", "d_lr", "g_lr", "beta1", "beta2", "d_steps", "g_steps", "batch", "latent",
    "latent_size", "seed"],
  dirac: ["objective", "penalty", "weight", "d_lr", "g_lr", "d_steps", "g_steps", "seed"],
  faces: [],
});

/** Settings with a change, and with what another game is usually played with.
 * @param {Settings} settings @param {Settings} change @returns {Settings}
 */
export function changed(settings, change) {
  if (!change.game || change.game === settings.game) return { ...settings, ...change };
  const own = { dirac: { objective: "minimax", penalty: "none", d_lr: 0.1, g_lr: 0.1, weight: 1 } };
  return { .../** @type {any} */ (own)[change.game], ...change };
}

/** What an address says; what it leaves out is the default.
 * @param {URLSearchParams} query @param {Choices} choices
 * @returns {{ settings: Settings, moves: string, shown: string }}
 */
export function read(query, choices) {
  const settings = /** @type {Settings} */ ({});
  for (const [name, bounds] of Object.entries(choices.settings)) {
    const given = query.get(name);
    const isNumber = bounds.type === "integer" || bounds.type === "number";
    settings[name] = given === null ? bounds.default : isNumber ? Number(given) : given;
  }
  return { settings, moves: query.get("moves") ?? "", shown: query.get("case") ?? "" };
}

/** The address of a game: all that decides it, whatever the defaults of the reader are.
 * @param {Settings} settings @param {string} moves @param {string} shown - name of a guided case
 */
export function write(settings, moves, shown) {
  const query = new URLSearchParams();
  if (shown) query.set("case", shown);
  query.set("game", settings.game);
  for (const name of USED[settings.game] ?? []) {
    if (name === "drawing" && settings.source !== "drawn") continue;
    query.set(name, String(settings[name]));
  }
  if (moves) query.set("moves", moves);
  return query;
}
