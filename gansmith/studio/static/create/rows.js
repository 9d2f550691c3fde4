// Rows of a table: a form of conditions made from its columns, the rows, and a file of them.

import { askJson } from "../api.js";
import { ErrorNote, Field, NumberField, Select, html, useState } from "../ui.js";
import { Download } from "./download.js";
import { changed, urlOf, useAnswer } from "./runs.js";

const SHOWN = 50;
/** @typedef {{ column: string, operator: string, value: string }} Clause */

/** What a column can be asked for.
 * @param {import("./runs.js").Column} column
 * @returns {[string, string][]}
 */
function operatorsOf(column) {
  const ordered = column.kind === "number" || column.kind === "datetime";
  return [
    ...(ordered ? /** @type {[string, string][]} */ ([[">=", "at least"], ["<=", "at most"]]) : []),
    ["=", "is"], ["!=", "is not"],
    ...(column.missing ? /** @type {[string, string][]} */ ([["is missing", "is missing"], ["is not missing", "is known"]]) : []),
  ];
}

/** The condition as `gansmith sample --where` takes it; clauses without a value are left out.
 * @param {Clause[]} clauses
 */
export function conditionOf(clauses) {
  return clauses.filter(({ operator, value }) => operator.startsWith("is") || value !== "")
    .map(({ column, operator, value }) => {
      const name = `"${column.replaceAll('"', '""')}"`;
      return operator.startsWith("is") ? `${name} ${operator}` : `${name} ${operator} '${value.replaceAll("'", "''")}'`;
    }).join(" and ");
}

/** @param {URLSearchParams} query @returns {Clause[]} */
function clausesIn(query) {
  try {
    const found = JSON.parse(query.get("asks") ?? "[]");
    return found.map((/** @type {string[]} */ [column, operator, value]) => ({ column, operator, value }));
  } catch {
    return [];
  }
}

/** @param {{ about: import("./runs.js").About } & import("../ui.js").TabProps} props */
export function Rows({ about, query, setQuery }) {
  const clauses = clausesIn(query).filter(({ column }) => about.columns.some(({ name }) => name === column));
  const seed = Number(query.get("seed") ?? 0);
  const n = Number(query.get("n") ?? SHOWN);
  const [where, setWhere] = useState(conditionOf(clauses));
  const set = (/** @type {Clause[]} */ next) => setQuery(changed(query, {
    asks: next.length ? JSON.stringify(next.map((c) => [c.column, c.operator, c.value])) : null }));
  const asked = `seed=${seed}${where ? `&where=${encodeURIComponent(where)}` : ""}`;
  const rows = useAnswer(
    (signal) => askJson(`${urlOf(about.name)}/sample?n=${Math.min(n, SHOWN)}&format=json&${asked}`, { signal }),
    [asked, Math.min(n, SHOWN)]);
  const make = () => setWhere(conditionOf(clauses));
  const first = about.columns[0];
  return html`<div class="maker">
    <form class="card wishes" onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); make(); }}>
      <h2>Rows that meet</h2>
      ${clauses.map((clause, i) => html`<${Condition} key=${i} columns=${about.columns} clause=${clause}
        onChange=${(/** @type {Clause | null} */ next) =>
          set(clauses.flatMap((old, k) => k === i ? (next ? [next] : []) : [old]))} />`)}
      ${clauses.length === 0 && html`<p class="soft small">No condition: rows as the table has them.</p>`}
      <div class="row"><button type="button" disabled=${!first} onClick=${() =>
        set([...clauses, { column: first.name, operator: operatorsOf(first)[0][0], value: "" }])}>Add a condition</button></div>
      <div class="pair">
        <${NumberField} label="How many" value=${n} min=${1} max=${about.limits.samples}
          onChange=${(/** @type {number} */ x) => setQuery(changed(query, { n: x }))} />
        <${NumberField} label="Seed" value=${seed} min=${0} max=${2 ** 31}
          onChange=${(/** @type {number} */ x) => setQuery(changed(query, { seed: x }))} />
      </div>
      <div class="row"><button class="primary">Make rows</button>
        <${Download} about=${about} asked=${`n=${n}&${asked}`} formats=${["csv", "json"]} /></div>
    </form>
    <section class="card" aria-busy=${rows.busy}>
      <h2>${where ? "Rows that meet the condition" : "Rows"}</h2>
      ${where && html`<p class="small"><code>${where}</code></p>`}
      <${ErrorNote} error=${rows.error} />
      ${rows.value && html`<${Table} rows=${rows.value.samples} columns=${about.columns} />
        ${n > SHOWN && html`<p class="soft small">The first ${SHOWN} of ${n}; the file has all.</p>`}`}
    </section>
  </div>`;
}

/** @param {{ columns: import("./runs.js").Column[], clause: Clause, onChange: (next: Clause | null) => void }} props */
function Condition({ columns, clause, onChange }) {
  const column = columns.find(({ name }) => name === clause.column) ?? columns[0];
  const value = (/** @type {string} */ next) => onChange({ ...clause, value: next });
  return html`<fieldset class="condition">
    <legend class="small soft">${column.holds}</legend>
    <${Select} label="Column" value=${clause.column} choices=${columns.map(({ name }) => [name, name])}
      onChange=${(/** @type {string} */ name) => {
        const next = /** @type {any} */ (columns.find((each) => each.name === name));
        onChange({ column: name, operator: operatorsOf(next)[0][0], value: "" });
      }} />
    <${Select} label="Condition" value=${clause.operator} choices=${operatorsOf(column)}
      onChange=${(/** @type {string} */ operator) => onChange({ ...clause, operator })} />
    ${!clause.operator.startsWith("is") && (column.levels.length
      ? html`<${Select} label="Value" value=${clause.value} onChange=${value}
          choices=${[["", "choose …"], ...column.levels.map((level) => [level, level])]} />`
      : html`<${Field} label="Value"><input value=${clause.value} inputmode=${column.kind === "number" ? "decimal" : "text"}
          placeholder=${column.kind === "number" ? `${column.low} to ${column.high}` : column.format}
          onInput=${(/** @type {any} */ e) => value(e.target.value)} /><//>`)}
    <button type="button" aria-label=${`Remove the condition on ${column.name}`} onClick=${() => onChange(null)}>✕</button>
  </fieldset>`;
}

/** @param {{ rows: Record<string, any>[], columns: import("./runs.js").Column[] }} props */
export function Table({ rows, columns }) {
  if (!rows.length) return null;
  const names = Object.keys(rows[0]);
  const dates = new Set(columns.filter(({ kind }) => kind === "datetime").map(({ name }) => name));
  const text = (/** @type {string} */ name, /** @type {any} */ cell) =>
    cell === null ? "missing" : dates.has(name) ? date(String(cell)) : String(cell);
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Rows"><table class="rows small">
    <thead><tr>${names.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr>${names.map((name) =>
      html`<td class=${row[name] === null ? "soft" : ""}>${text(name, row[name])}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}

/** A time of ISO 8601, without a time of day where that is midnight.
 * @param {string} iso
 */
function date(iso) {
  return iso.replace("T", " ").replace(/\.0+(?=Z?$)/, "").replace(/ 00:00:00Z?$/, "");
}
