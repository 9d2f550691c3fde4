// Files of samples: the bytes that `gansmith sample` writes.

import { askObject } from "../api.js";
import { ErrorNote, html, useState } from "../ui.js";
import { urlOf } from "./runs.js";

const NAMES = /** @type {Record<string, string>} */ ({
  zip: "PNGs in a zip", png: "one sheet", npz: "array", csv: "CSV", json: "JSON", txt: "text",
});

/** One button for each format.
 * @param {{ about: import("./runs.js").About, asked: string, formats?: string[] }} props
 */
export function Download({ about, asked, formats }) {
  const [error, setError] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState("");
  async function save(/** @type {string} */ format) {
    setBusy(format);
    setError(null);
    try {
      const url = await askObject(`${urlOf(about.name)}/sample?${asked}&format=${format}`);
      const seed = new URLSearchParams(asked).get("seed") ?? "0";
      const link = document.createElement("a");
      Object.assign(link, { href: url, download: `${about.name}-seed${seed}.${format}` });
      link.click();
      setTimeout(() => URL.revokeObjectURL(url), 10_000);
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy("");
    }
  }
  return html`<div class="row" role="group" aria-label="Download">
    ${(formats ?? about.formats).map((format) => html`<button type="button" disabled=${busy !== ""}
      onClick=${() => save(format)}>${busy === format ? "Writing …" : `↓ ${NAMES[format] ?? format}`}</button>`)}
    <${ErrorNote} error=${error} /></div>`;
}
