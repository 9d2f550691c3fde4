// The plane of the points game: D's answer as heat, points, the latent grid, and the way of the fakes.

import { html, useCallback, useEffect, useRef } from "../ui.js";
import { short } from "./numbers.js";
import { channels, color, useTheme } from "./colors.js";

/** @typedef {import("./game.js").Frame} Frame */

// So few real points are drawn large, and above the fakes.
const FEW = 30;

/** A square canvas that is as sharp as the screen.
 * @param {{ label: string, draw: (context: CanvasRenderingContext2D, size: number) => void, [more: string]: any }} props
 *  - draw: on a square of size x size CSS pixels; drawn anew whenever the part is
 */
export function Square({ label, draw, ...more }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const latest = useRef(draw);
  latest.current = draw;
  const dark = useTheme();
  const redraw = useCallback(() => {
    const element = /** @type {HTMLCanvasElement} */ (canvas.current);
    const size = element.clientWidth, dense = devicePixelRatio || 1;
    if (element.width !== Math.round(size * dense)) {
      element.width = element.height = Math.round(size * dense);
    }
    const context = /** @type {CanvasRenderingContext2D} */ (element.getContext("2d"));
    context.setTransform(dense, 0, 0, dense, 0, 0);
    context.clearRect(0, 0, size, size);
    latest.current(context, size);
  }, []);
  useEffect(redraw, [draw, dark]);
  useEffect(() => {
    const watcher = new ResizeObserver(redraw);
    watcher.observe(/** @type {HTMLCanvasElement} */ (canvas.current));
    return () => watcher.disconnect();
  }, []);
  return html`<canvas ref=${canvas} class="square" role="img" aria-label=${label} ...${more}></canvas>`;
}

/** @param {{ frame: Frame | null, shows: Record<string, boolean> }} props */
export function Plane({ frame, shows }) {
  const draw = (/** @type {CanvasRenderingContext2D} */ context, /** @type {number} */ size) => {
    if (!frame?.scene?.real || !frame.fake) return;
    const half = frame.scene.half;
    const at = (/** @type {number} */ x, /** @type {number} */ y) =>
      /** @type {[number, number]} */ ([(x / half + 1) * size / 2, (1 - y / half) * size / 2]);
    if (shows.heat) drawHeat(context, size, frame.heat);
    if (shows.lattice) drawLattice(context, frame.lattice, frame.scene.lattice, at);
    const few = frame.scene.real.length <= 2 * FEW;
    if (shows.real && !few) drawPoints(context, frame.scene.real, at, color("--real"), 2.6);
    if (shows.fake) drawPoints(context, frame.fake, at, color("--fake"), 2.4, color("--plot"));
    if (shows.real && few) drawPoints(context, frame.scene.real, at, color("--real"), 4.5, color("--plot"));
    if (shows.arrows) drawArrows(context, frame.arrows, at, size);
  };
  return html`<${Square} draw=${draw} label=${inWords(frame)} />`;
}

/** What a reader of the screen is told.
 * @param {Frame | null} frame
 */
function inWords(frame) {
  const counts = frame?.counts;
  if (!counts) return "The plane";
  const hit = counts.modes ? `${counts.hit} of ${counts.modes} modes hit. ` : "";
  return `The plane with real points and fakes. ${hit}`
    + `D's mean answer: ${short(frame.heat.real)} on real points, ${short(frame.heat.fake)} on fakes.`;
}

/** @param {CanvasRenderingContext2D} context @param {number} size @param {any} heat */
function drawHeat(context, size, heat) {
  const values = Uint8Array.from(atob(heat.bytes), (c) => c.charCodeAt(0));
  const [real, fake] = [channels("--heat-real"), channels("--heat-fake")];
  const picture = new ImageData(heat.size, heat.size);
  values.forEach((value, i) => {
    const share = value / 255, side = share > 0.5 ? real : fake;
    picture.data.set([...side, 2 * Math.abs(share - 0.5) * 150], 4 * i);
  });
  const small = new OffscreenCanvas(heat.size, heat.size);
  /** @type {OffscreenCanvasRenderingContext2D} */ (small.getContext("2d")).putImageData(picture, 0, 0);
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  context.drawImage(small, 0, 0, size, size);
}

/** @typedef {(x: number, y: number) => [number, number]} At */

/** @param {CanvasRenderingContext2D} context @param {number[]} points @param {At} at
 *  @param {string} fill @param {number} radius @param {string} [rim]
 */
function drawPoints(context, points, at, fill, radius, rim) {
  context.fillStyle = fill;
  context.beginPath();
  for (let i = 0; i < points.length; i += 2) {
    const [x, y] = at(points[i], points[i + 1]);
    context.moveTo(x + radius, y);
    context.arc(x, y, radius, 0, 2 * Math.PI);
  }
  if (rim) {
    context.strokeStyle = rim;
    context.lineWidth = 1.2;
    context.stroke();
  }
  context.fill();
}

/** @param {CanvasRenderingContext2D} context @param {number[]} points @param {number} side - 0 for a line
 *  @param {At} at
 */
function drawLattice(context, points, side, at) {
  context.strokeStyle = color("--text");
  context.globalAlpha = 0.35;
  context.lineWidth = 0.7;
  context.beginPath();
  const put = (/** @type {number} */ i, /** @type {boolean} */ first) => {
    const [x, y] = at(points[2 * i], points[2 * i + 1]);
    if (first) context.moveTo(x, y); else context.lineTo(x, y);
  };
  if (!side) for (let i = 0; i < points.length / 2; i += 1) put(i, i === 0);
  for (let row = 0; row < side; row += 1) {
    for (let i = 0; i < side; i += 1) put(row * side + i, i === 0);
    for (let i = 0; i < side; i += 1) put(i * side + row, i === 0);
  }
  context.stroke();
  context.globalAlpha = 1;
}

/** The longer, the steeper; none is longer than 9 % of the plane.
 * @param {CanvasRenderingContext2D} context @param {number[]} arrows @param {At} at @param {number} size
 */
function drawArrows(context, arrows, at, size) {
  context.strokeStyle = context.fillStyle = color("--text");
  context.lineWidth = 1.1;
  for (let i = 0; i < arrows.length; i += 4) {
    const [x, y] = at(arrows[i], arrows[i + 1]), steep = Math.hypot(arrows[i + 2], arrows[i + 3]);
    const length = 0.09 * size * steep / (steep + 1);
    if (length < 1) continue;
    arrow(context, x, y, arrows[i + 2] / steep * length, -arrows[i + 3] / steep * length);
  }
}

/** From (x, y) by (dx, dy), in pixels.
 * @param {CanvasRenderingContext2D} context
 * @param {number} x @param {number} y @param {number} dx @param {number} dy
 */
export function arrow(context, x, y, dx, dy) {
  const length = Math.hypot(dx, dy), head = Math.min(5, 0.5 * length);
  const [ux, uy] = [dx / length, dy / length];
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(x + dx - ux * head, y + dy - uy * head);
  context.stroke();
  context.beginPath();
  context.moveTo(x + dx, y + dy);
  context.lineTo(x + dx - head * (ux - 0.5 * uy), y + dy - head * (uy + 0.5 * ux));
  context.lineTo(x + dx - head * (ux + 0.5 * uy), y + dy - head * (uy - 0.5 * ux));
  context.fill();
}
