// Which numbers stand in one chart, and between which bounds.

/** @typedef {Record<string, import("./polling.js").Curve>} Curves */
/** Names of numbers that stand in one chart; of some it is known what real samples reach in the fakes' place.
 * @typedef {{ title: string, note?: string, names: string[], unit?: boolean, even?: number,
 *   floors?: Record<string, number> }} Group */
/** @typedef {{ samples: number, values: Record<string, [number, number]> }} Bounds */

/** @type {(Group & { match?: RegExp })[]} */
const GROUPS = [
  { title: "Losses", names: ["discriminator_loss", "generator_loss"], note: "without penalties" },
  { title: "D's answers", names: ["real_logit", "fake_logit"], note: "mean logits" },
  { title: "How often D is right", unit: true, even: 0.5, note: "0.5 proves nothing while a fresh critic is right",
    names: ["real_above_fake", "discriminator_right", "critic_right"] },
  { title: "Coverage", unit: true, names: ["coverage", "coverage_real"], note: "real samples with a fake nearby" },
  { title: "Precision, recall, variety", names: ["precision", "recall", "variety"] },
  { title: "Kernel distance", names: ["kernel_distance", "kernel_distance_unaveraged"], note: "lower is better" },
  { title: "Novelty", unit: true, names: ["closer_to_training", "near_copies"], note: "dashed: held-out samples",
    floors: { closer_to_training: 0.5, near_copies: 0.01 } },
  { title: "Overfitting of D", unit: true, names: ["overfitting"], note: "1: it knows its training samples by heart" },
  { title: "Augmentation strength", unit: true, names: ["augment_strength"] },
  { title: "Gradient norms", names: [], match: /_gradient_norm$/ },
  { title: "Duality gap", names: ["duality_gap", "discriminator_could_gain", "generator_could_gain"] },
];
const UNSHOWN = /^(seconds|samples_per_second)$|_low$|_high$/;

/** The charts that a run has numbers for; what no chart is made for stands in the last one.
 * @param {Curves} curves
 * @returns {Group[]}
 */
export function groups(curves) {
  const left = new Set(Object.keys(curves).filter((name) => !UNSHOWN.test(name)));
  const found = [];
  for (const group of GROUPS) {
    const names = group.match ? [...left].filter((name) => group.match?.test(name)) : group.names;
    const own = names.filter((name) => left.delete(name));
    const drawn = own.filter((name) => curves[name].mean.length > 0);
    // Nothing to see where nothing was augmented.
    if (group.title === "Augmentation strength" && own.every((n) => curves[n].mean.every((v) => v === 0))) continue;
    if (drawn.length) found.push({ ...group, names: drawn });
  }
  if (left.size) found.push({ title: "Penalties and others", names: [...left] });
  return found;
}

/** Bounds that all runs share, so that they can be compared by eye.
 * @param {import("./polling.js").Watched[]} runs
 * @returns {Bounds}
 */
export function domains(runs) {
  /** @type {Bounds} */
  const found = { samples: 1, values: {} };
  for (const { history: { curves }, total } of runs) {
    for (const group of groups(curves)) {
      const all = group.names.flatMap((name) => [
        ...curves[name].low ?? curves[name].mean, ...curves[name].high ?? curves[name].mean]);
      const before = found.values[group.title] ?? (group.unit ? [0, 1] : [Infinity, -Infinity]);
      found.values[group.title] = [
        all.reduce((a, b) => Math.min(a, b), before[0]), all.reduce((a, b) => Math.max(a, b), before[1])];
      const last = Math.max(...group.names.map((name) => curves[name].samples.at(-1) ?? 0));
      found.samples = Math.max(found.samples, last);
    }
    found.samples = Math.max(found.samples, total ?? 0);
  }
  return found;
}
