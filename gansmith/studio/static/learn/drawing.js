// A distribution drawn by hand: places on a grid, by pointer or by keys.

import { html, useEffect, useRef, useState } from "../ui.js";
import { color } from "./colors.js";
import { Square } from "./plane.js";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const SIDE = 64, MOST = 200;
const STEPS = /** @type {Record<string, [number, number]>} */ ({
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
});

/** @param {{ drawing: string, onDone: (drawing: string) => void }} props */
export function Drawing({ drawing, onDone }) {
  const [places, setPlaces] = useState(() => /** @type {string[]} */ (drawing.match(/../g) ?? []));
  const [at, setAt] = useState([SIDE / 2, SIDE / 2]);
  const [byKeys, setByKeys] = useState(false);
  const last = useRef(/** @type {number[] | null} */ (null));
  useEffect(() => setPlaces(drawing.match(/../g) ?? []), [drawing]);

  const put = (/** @type {number[][]} */ cells) => setPlaces((before) => {
    const own = cells.map(([x, y]) => LETTERS[x] + LETTERS[y]);
    return [...new Set([...before, ...own])].slice(0, MOST);
  });
  const cell = (/** @type {PointerEvent} */ event) => {
    const box = /** @type {Element} */ (event.currentTarget).getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]
      .map((share) => Math.min(SIDE - 1, Math.max(0, Math.floor(share * SIDE))));
  };
  const press = (/** @type {PointerEvent} */ event) => {
    /** @type {Element} */ (event.currentTarget).setPointerCapture(event.pointerId);
    last.current = cell(event);
    put([last.current]);
  };
  const drag = (/** @type {PointerEvent} */ event) => {
    if (!last.current) return;
    const to = cell(event), from = last.current;
    const steps = Math.max(Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1]));
    put(Array.from({ length: steps }, (_, i) => [0, 1].map((axis) =>
      Math.round(from[axis] + (to[axis] - from[axis]) * (i + 1) / steps))));
    last.current = to;
  };
  const key = (/** @type {KeyboardEvent} */ event) => {
    const step = STEPS[event.key];
    if (step) setAt(at.map((v, axis) => Math.min(SIDE - 1, Math.max(0, v + step[axis]))));
    else if (event.key === " " || event.key === "Enter") put([at]);
    else return;
    setByKeys(true);
    event.preventDefault();
  };
  const draw = (/** @type {CanvasRenderingContext2D} */ context, /** @type {number} */ size) => {
    context.fillStyle = color("--real");
    for (const place of places) {
      const [x, y] = [...place].map((letter) => (LETTERS.indexOf(letter) + 0.5) / SIDE * size);
      context.beginPath();
      context.arc(x, y, 0.6 * size / SIDE, 0, 2 * Math.PI);
      context.fill();
    }
    if (byKeys) {
      context.strokeStyle = color("--accent");
      context.strokeRect(at[0] / SIDE * size, at[1] / SIDE * size, size / SIDE, size / SIDE);
    }
  };
  return html`<${Square} draw=${draw} tabindex="0" style=${{ touchAction: "none", cursor: "crosshair" }}
      label="Draw here: ${places.length} of ${MOST} places. Arrow keys move, space puts a place."
      onPointerDown=${press} onPointerMove=${drag} onPointerUp=${() => { last.current = null; }}
      onPointerCancel=${() => { last.current = null; }} onKeyDown=${key} />
    <div class="row transport">
      <button class="primary" disabled=${!places.length} onClick=${() => onDone(places.join(""))}>Play with this</button>
      <button onClick=${() => setPlaces([])}>Clear</button>
      <span class="small soft">${places.length} of ${MOST} places; draw with the pointer, or with arrow keys and space.</span>
    </div>`;
}
