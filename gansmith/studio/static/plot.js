// Observable Plot, fetched when the first chart is drawn.

/** @type {Promise<typeof import("@observablehq/plot")> | undefined} */
let loading;

/** Plot, with the d3 that it stands on; asked for again after it could not be had.
 * @returns {Promise<typeof import("@observablehq/plot")>}
 */
export function loadPlot() {
  loading ??= script("d3-7.9.2.js").then(() => script("plot-0.6.17.js"))
    .then(() => /** @type {any} */ (globalThis).Plot);
  loading.catch(() => { loading = undefined; });
  return loading;
}

/** @param {string} name */
function script(name) {
  return new Promise((resolve, reject) => {
    const element = document.createElement("script");
    element.src = new URL(`vendor/${name}`, import.meta.url).href;
    element.onload = resolve;
    element.onerror = () => reject(new Error(`${name} could not be loaded.`));
    document.head.append(element);
  });
}
