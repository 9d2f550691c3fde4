// The Dirac game: where its two numbers stand, where they came from, and which way is down for both.

import { html } from "../ui.js";
import { color } from "./colors.js";
import { arrow, Square } from "./plane.js";

/** @param {{ frame: import("./game.js").Frame | null }} props */
export function Dirac({ frame }) {
  const draw = (/** @type {CanvasRenderingContext2D} */ context, /** @type {number} */ size) => {
    if (!frame?.scene?.field || !frame.trail) return;
    const half = frame.scene.half * 1.1;
    const at = (/** @type {number} */ x, /** @type {number} */ y) => [(x / half + 1) * size / 2, (1 - y / half) * size / 2];
    context.strokeStyle = context.fillStyle = color("--soft");
    context.globalAlpha = 0.55;
    context.lineWidth = 1;
    for (const [theta, psi, dx, dy] of frame.scene.field) {
      const length = Math.hypot(dx, dy), [x, y] = at(theta, psi), long = 0.06 * size * length / (length + 0.6);
      if (long > 1) arrow(context, x, y, dx / length * long, -dy / length * long);
    }
    context.globalAlpha = 1;
    drawAxes(context, size);
    drawTrail(context, frame.trail.map((/** @type {number[]} */ [x, y]) => at(x, y)));
  };
  const words = frame?.at ? `theta ${frame.at[0].toFixed(3)}, psi ${frame.at[1].toFixed(3)}, `
    + `${frame.away.toFixed(3)} away from the equilibrium` : "The plane of theta and psi";
  return html`<${Square} draw=${draw} label=${words} />`;
}

/** @param {CanvasRenderingContext2D} context @param {number} size */
function drawAxes(context, size) {
  context.strokeStyle = color("--line");
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(0, size / 2);
  context.lineTo(size, size / 2);
  context.moveTo(size / 2, 0);
  context.lineTo(size / 2, size);
  context.stroke();
  context.fillStyle = color("--soft");
  context.font = `italic 14px ${getComputedStyle(document.body).fontFamily}`;
  context.lineWidth = 5;
  context.strokeStyle = color("--plot");
  for (const [text, x, y] of /** @type {[string, number, number][]} */ ([
    ["θ, the fake", size - 78, size / 2 - 8], ["ψ, D's slope", size / 2 + 8, 18],
  ])) {
    context.strokeText(text, x, y);
    context.fillText(text, x, y);
  }
}

/** @param {CanvasRenderingContext2D} context @param {[number, number][]} trail */
function drawTrail(context, trail) {
  context.strokeStyle = color("--accent");
  context.lineWidth = 1.4;
  context.beginPath();
  trail.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.stroke();
  const [x, y] = trail[trail.length - 1];
  context.fillStyle = color("--fake");
  context.beginPath();
  context.arc(x, y, 5, 0, 2 * Math.PI);
  context.fill();
}
