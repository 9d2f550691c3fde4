// Learn: the game, move by move.

import { html } from "../ui.js";

/** @param {import("../ui.js").TabProps} props */
export default function Learn({ query, setQuery }) {
  void query, setQuery;
  return html`<h1>The game, move by move</h1>`;
}
