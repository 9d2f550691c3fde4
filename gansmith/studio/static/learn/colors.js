// The colours of the style sheet, for canvases, and a word when they change.

import { useEffect, useState } from "../ui.js";

const media = matchMedia("(prefers-color-scheme: dark)");
// Asked for at each frame, and the same until the system goes from light to dark.
const found = /** @type {Map<string, string>} */ (new Map());
media.addEventListener("change", () => found.clear());

/** @param {string} name - such as --real
 *  @returns {string}
 */
export function color(name) {
  const value = found.get(name)
    ?? getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  found.set(name, value);
  return value;
}

/** Red, green and blue of a colour of the style sheet.
 * @param {string} name @returns {[number, number, number]}
 */
export function channels(name) {
  const hex = color(name).replace("#", "");
  const wide = hex.length === 3 ? hex.replace(/./g, "$&$&") : hex;
  return /** @type {any} */ ([0, 2, 4].map((i) => parseInt(wide.slice(i, i + 2), 16)));
}

/** Changes when the system goes from light to dark or back, so that canvases are drawn anew. */
export function useTheme() {
  const [dark, setDark] = useState(media.matches);
  useEffect(() => {
    const follow = () => setDark(media.matches);
    media.addEventListener("change", follow);
    return () => media.removeEventListener("change", follow);
  }, []);
  return dark;
}
