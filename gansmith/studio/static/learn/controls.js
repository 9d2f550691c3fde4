// The form of the settings, with the server's bounds.

import { html, NumberField, Select } from "../ui.js";

/** @typedef {import("./address.js").Settings} Settings
 *  @typedef {import("./address.js").Choices} Choices
 */

const ACTIVATIONS = { "leaky-relu": "Leaky ReLU", relu: "ReLU", tanh: "Tanh", silu: "SiLU" };
const TEXTS = /** @type {Record<string, Record<string, string>>} */ ({
  game: { points: "Points in the plane", dirac: "Two numbers (Dirac game)", faces: "Slanted faces" },
  source: { ring: "Ring of 8", grid: "Grid of 25", spiral: "Spiral", drawn: "Drawn by hand" },
  penalty: { none: "None", r1: "R1", "r1-r2": "R1 + R2", "fd-r1-r2": "R1 + R2, by differences",
    "gradient-penalty": "Gradient penalty (WGAN-GP)" },
  optimizer: { adam: "Adam", sgd: "Plain gradient" },
  d_activation: ACTIVATIONS, g_activation: ACTIVATIONS,
});
const LABELS = /** @type {Record<string, [string, string?]>} */ ({
  game: ["Game"], source: ["Distribution"],
  samples: ["Training points", "0 for endless ones"],
  objective: ["Objective", "What both players minimise"],
  penalty: ["Penalty on D", "Keeps D smooth"], weight: ["Its weight"],
  d_width: ["Width"], d_depth: ["Layers"],
  fourier: ["Fourier features", "With them D sees fine scales; 0 for none"],
  g_width: ["Width"], g_depth: ["Layers"],
  d_activation: ["Activation", "What bends its answer: in straight pieces (ReLU), or smoothly (tanh, SiLU)"],
  g_activation: ["Activation", "What bends the plane of latents"],
  optimizer: ["Optimizer"], d_lr: ["D's rate", "Learning rate of the discriminator"], g_lr: ["G's rate", "Learning rate of the generator"],
  beta1: ["Beta 1"], beta2: ["Beta 2"],
  d_steps: ["D's steps", "Of the discriminator in a round"], g_steps: ["G's steps", "Of the generator in a round"], batch: ["Batch"], latent: ["Latent"], latent_size: ["Its size"],
  seed: ["Seed", "Decides weights, batches and latents"],
});
const GROUPS = /** @type {Record<string, [string, string[]][]>} */ ({
  points: [
    ["Data", ["source", "samples"]],
    ["Rules", ["objective", "penalty", "weight", "d_steps", "g_steps"]],
    ["Discriminator", ["d_width", "d_depth", "d_activation", "fourier"]],
    ["Generator", ["g_width", "g_depth", "g_activation", "latent", "latent_size"]],
    ["Steps", ["optimizer", "d_lr", "g_lr", "beta1", "beta2", "batch"]],
    ["Chance", ["seed"]],
  ],
  dirac: [["Rules", ["objective", "penalty", "weight", "d_steps", "g_steps"]], ["Steps", ["d_lr", "g_lr"]]],
  faces: [],
});

/** @param {{ settings: Settings, choices: Choices, onChange: (change: Settings) => void }} props */
export function Controls({ settings, choices, onChange }) {
  const bounds = (/** @type {string} */ name) => {
    const all = choices.settings[name];
    // By differences a penalty of two numbers is a matter of chance, and no field can be drawn.
    if (settings.game !== "dirac" || name !== "penalty") return all;
    return { ...all, enum: all.enum?.filter((each) => !each.startsWith("fd")) };
  };
  const put = (/** @type {string} */ name) => html`<${Control} key=${name} name=${name} value=${settings[name]}
    bounds=${bounds(name)} onChange=${(/** @type {any} */ value) => onChange({ [name]: value })} />`;
  const hidden = (/** @type {string} */ name) => (name === "weight" && settings.penalty === "none")
    || (name.startsWith("beta") && settings.optimizer === "sgd");
  return html`<form class="controls" onSubmit=${(/** @type {Event} */ e) => e.preventDefault()}>
    ${put("game")}
    ${GROUPS[settings.game]?.map(([title, names]) => html`<fieldset key=${title}>
      <legend>${title}</legend>
      ${names.filter((name) => !hidden(name)).map(put)}
    </fieldset>`)}
    ${settings.game === "faces" && html`<p class="small soft">The textbook's game: five faces of four pixels, two networks of
      one layer, seed 42. All numbers are those of the documentation's page about it.</p>`}
  </form>`;
}

/** @param {{ name: string, value: any, bounds: any, onChange: (value: any) => void }} props */
function Control({ name, value, bounds, onChange }) {
  const [label, hint] = LABELS[name];
  if (bounds.enum) {
    const choices = bounds.enum.map((/** @type {string} */ key) => [key, TEXTS[name]?.[key] ?? key]);
    return html`<${Select} label=${label} hint=${hint} value=${value} choices=${choices} onChange=${onChange} />`;
  }
  const isInteger = bounds.type === "integer";
  const min = bounds.minimum ?? (isInteger ? 0 : 1e-6);
  const max = bounds.maximum ?? (isInteger ? bounds.exclusiveMaximum - 1 : bounds.exclusiveMaximum - 1e-6);
  return html`<${NumberField} label=${label} hint=${hint} value=${value} min=${min} max=${max}
    step=${isInteger ? 1 : "any"} onChange=${onChange} />`;
}
