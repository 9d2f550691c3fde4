// The frame of the page: which tab is shown, the address, and the token where one is asked for.

import { setToken } from "./api.js";
import { ErrorNote, Field, html, render, useEffect, useState } from "./ui.js";

const NAMES = /** @type {Record<string, string>} */ ({
  learn: "Learn", watch: "Watch", create: "Create", inspect: "Inspect", report: "Report",
});
// Written by the server: those that are there.
const TABS = (document.body.dataset.tabs ?? "").split(" ").filter((name) => name in NAMES);

/** Tab and query of an address such as #learn?seed=1; the first tab where it names none. */
function route() {
  const [name, query] = location.hash.slice(1).split(/\?(.*)/s);
  return { tab: TABS.includes(name) ? name : TABS[0], query: new URLSearchParams(query ?? "") };
}

// The address that is shown; where the browser has gone on, a word of that is about to come.
let seen = location.hash;
// Where each tab was left, so that coming back to it changes nothing.
const left = /** @type {Record<string, string>} */ ({});

function Studio() {
  const [at, setAt] = useState(route);
  const [asked, setAsked] = useState(false);
  useEffect(() => {
    const follow = () => {
      seen = location.hash;
      setAt(route());
    };
    const ask = () => setAsked(true);
    addEventListener("hashchange", follow);
    addEventListener("gansmith-token", ask);
    return () => {
      removeEventListener("hashchange", follow);
      removeEventListener("gansmith-token", ask);
    };
  }, []);
  const hash = address(at.tab, at.query);
  left[at.tab] = hash;
  const setQuery = (/** @type {URLSearchParams} */ query) => {
    if (location.hash !== seen) return;
    history.replaceState(null, "", address(at.tab, query));
    seen = location.hash;
    setAt({ tab: at.tab, query });
  };
  return html`
    <a class="skip" href="#content" onClick=${skip}>To the content</a>
    <header class="top">
      <p class="brand"><img src="icon.svg" alt="" width="24" height="24" /> gansmith studio</p>
      <nav aria-label="Tabs">
        ${TABS.map((name) => html`<a href=${left[name] ?? `#${name}`}
          aria-current=${name === at.tab ? "page" : undefined}>${NAMES[name]}</a>`)}
      </nav>
    </header>
    <main id="content" tabindex="-1">
      ${asked ? html`<${Token} />`
        : html`<${Tab} key=${at.tab} name=${at.tab} query=${at.query} setQuery=${setQuery} />`}
    </main>`;
}

/** @param {Event} event */
function skip(event) {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

/** @param {string} tab @param {URLSearchParams} query */
function address(tab, query) {
  const text = query.toString();
  return text ? `#${tab}?${text}` : `#${tab}`;
}

/** A tab, whose code is fetched when it is first shown.
 * @param {{ name: string, query: URLSearchParams, setQuery: (query: URLSearchParams) => void }} props
 */
function Tab({ name, query, setQuery }) {
  const [shown, setShown] = useState(/** @type {{ Part?: any, error?: any }} */ ({}));
  useEffect(() => {
    document.title = `${NAMES[name]} · gansmith studio`;
    import(`./${name}/index.js`).then(
      (module) => (module.styled ? styles(name) : Promise.resolve())
        .then(() => setShown({ Part: module.default })),
      (error) => setShown({ error: { message: `This tab cannot be shown: ${error.message}` } }),
    );
  }, [name]);
  if (shown.error) return html`<${ErrorNote} error=${shown.error} />`;
  return shown.Part ? html`<${shown.Part} query=${query} setQuery=${setQuery} />` : null;
}

/** The style sheet of a tab that says it is styled, once.
 * @param {string} name @returns {Promise<void>}
 */
function styles(name) {
  const href = `${name}/style.css`;
  if (document.querySelector(`link[href="${href}"]`)) return Promise.resolve();
  return new Promise((resolve) => {
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href });
    link.onload = link.onerror = () => resolve();
    document.head.append(link);
  });
}

/** Asks for the token of the server. */
function Token() {
  const [token, change] = useState("");
  const save = (/** @type {Event} */ event) => {
    event.preventDefault();
    setToken(token.trim());
    location.reload();
  };
  return html`<form class="card token" onSubmit=${save}>
    <h1>A token is needed</h1>
    <p>Who started this server has it: it stands in the file of --token-file, or in GANSMITH_TOKEN.</p>
    <${Field} label="Token">
      <input type="password" autocomplete="off" value=${token}
        onInput=${(/** @type {any} */ e) => change(e.target.value)} />
    <//>
    <button class="primary" disabled=${!token.trim()}>Go on</button>
  </form>`;
}

render(html`<${Studio} />`, /** @type {HTMLElement} */ (document.getElementById("studio")));
