// One card for each sample: the verdict, where D looks, and the nearest training samples.

import { Sample, pictureUrl } from "../create/samples.js";
import { pixelsOf } from "../create/search.js";
import { ErrorNote, html, useEffect, useRef } from "../ui.js";

/** @param {{ about: import("../create/runs.js").About, judged: import("./index.js").Judged, near: any }} props */
export function Verdicts({ about, judged, near }) {
  const more = judged.verdicts.length - judged.samples.length;
  return html`
    <div class="verdicts">
      ${judged.samples.map((sample, i) => html`<${Verdict} key=${i} about=${about} verdict=${judged.verdicts[i]} sample=${sample}
        map=${judged.maps?.[i]} peak=${judged.peaks?.[i]} near=${near} number=${i} />`)}
    </div>
    <${Nearness} near=${near} />
    ${more > 0 && html`<details class="card"><summary>${more} more verdicts</summary>
      <div class="scroll"><table class="small"><thead><tr><th>sample</th><th>p(fake)</th><th>logit</th></tr></thead><tbody>
        ${judged.verdicts.slice(judged.samples.length).map((v) => html`<tr><td>${v.file}</td>
          <td>${v.p_fake.toFixed(3)}</td><td>${v.logit.toFixed(2).replace("-", "−")}</td></tr>`)}
      </tbody></table></div></details>`}`;
}

/** @param {{ about: import("../create/runs.js").About, verdict: any, sample: any, map?: string, peak?: number,
 *   near: any, number: number }} props */
function Verdict({ about, verdict, sample, map, peak, near, number }) {
  const p = verdict.p_fake;
  return html`<article class="card verdict">
    <p class="file small">${typed(about, verdict.file)}</p>
    ${about.modality === "image"
      ? html`<div class="looks">
          <figure><img class="sample" src=${pictureUrl(sample)} alt=${`${verdict.file}, as the run sees it`} />
            <figcaption>as the run sees it</figcaption></figure>
          ${map && html`<figure><${Heat} picture=${sample} map=${map} label=${`Where D looks in ${verdict.file}`} />
            <figcaption title=${`Brightest: the logit changes by ${(peak ?? 0).toPrecision(2)} for a change of 1 in what a pixel is encoded as.`}>where D looks</figcaption></figure>`}
        </div>`
      : html`<p><${Shown} about=${about} sample=${sample} /></p>`}
    <div><p class="number">p(fake) = ${p.toFixed(3)} <span class="soft small">logit ${verdict.logit.toFixed(2).replace("-", "−")}</span></p>
      <div class="share" role="img" aria-label=${`${Math.round(100 * p)} % fake, ${Math.round(100 * (1 - p))} % real`}>
        <span style=${{ width: `${100 * p}%` }}></span></div>
      <p class="small soft row between"><span>${Math.round(100 * p)} % fake</span><span>${Math.round(100 * (1 - p))} % real</span></p></div>
    ${near?.readable && near.samples[number] && html`<${Nearest} about=${about} near=${near} number=${number} />`}
  </article>`;
}

/** What was typed has no name, but a number.
 * @param {import("../create/runs.js").About} about @param {string} file
 */
function typed(about, file) {
  const one = /** @type {Record<string, string>} */ ({ text: "Text", points: "Point" })[about.modality];
  return one && /^\d+$/.test(file) ? `${one} ${file}` : file;
}

/** A distance; what is nothing but rounding is 0.
 * @param {number} distance
 */
function short(distance) {
  return distance < 1e-6 ? "0" : distance.toPrecision(3);
}

/** @param {{ about: import("../create/runs.js").About, sample: any }} props */
function Shown({ about, sample }) {
  if (about.modality !== "table") return html`<${Sample} modality=${about.modality} sample=${sample} label="" />`;
  return html`<span class="cells small">${sample.map((/** @type {[string, string]} */ [name, cell]) =>
    html`<span><span class="soft">${name}</span> ${cell}</span>`)}</span>`;
}

/** @param {{ about: import("../create/runs.js").About, near: any, number: number }} props */
function Nearest({ about, near, number }) {
  const distances = near.distances[number];
  const same = near.same[number].indexOf(true);
  const close = near.near !== null && distances[0] < near.near;
  return html`<div>
    <h3>Nearest training samples</h3>
    ${(same >= 0 || close) && html`<p class="small warn">${same >= 0
      ? `${about.modality === "text" ? "Word for word" : "Exactly"} no. ${near.indices[number][same]} of the training samples.`
      : "Nearer to one than 99 % of held-out real samples are: look whether it is a copy."}</p>`}
    <div class=${`near ${about.modality === "image" ? "" : "words"}`}>
      ${near.samples[number].map((/** @type {any} */ sample, /** @type {number} */ k) => html`<figure>
        <${Shown} about=${about} sample=${sample} />
        <figcaption>no. ${near.indices[number][k]}, distance ${short(distances[k])}</figcaption></figure>`)}
    </div></div>`;
}

/** What distances are, and why there may be none.
 * @param {{ near: any }} props
 */
function Nearness({ near }) {
  if (!near) return null;
  if (near.busy) return html`<p class="soft small" role="status">Looking for the nearest training samples …</p>`;
  if (near.problem) return html`<${ErrorNote} error=${near.problem} />`;
  if (!near.readable) {
    return html`<p class="card small"><strong>No nearest training samples.</strong> ${near.why}</p>`;
  }
  return html`<p class="soft small">Distances to ${near.num_samples.toLocaleString("en")} training samples are measured in${" "}
    ${near.about}.${near.usual !== null && html` A held-out real sample is usually at ${near.usual.toPrecision(3)}; 1 %
    of them are nearer than ${near.near.toPrecision(3)}.`}</p>`;
}

/** A picture in grey, with a map of strengths over it.
 * @param {{ picture: string, map: string, label: string }} props
 */
function Heat({ picture, map, label }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  useEffect(() => {
    let wanted = true;
    Promise.all([picture, map].map(pixelsOf)).then(([under, over]) => {
      const context = canvas.current?.getContext("2d");
      if (!wanted || !canvas.current || !context) return;
      [canvas.current.width, canvas.current.height] = [under.width, under.height];
      for (let i = 0; i < under.data.length; i += 4) {
        const grey = 0.35 * (under.data[i] + under.data[i + 1] + under.data[i + 2]) / 3;
        const much = over.data[i] / 255;
        [255, 138, 61].forEach((tone, c) => { under.data[i + c] = grey * (1 - much) + tone * much; });
        under.data[i + 3] = 255;
      }
      context.putImageData(under, 0, 0);
    });
    return () => { wanted = false; };
  }, [picture, map]);
  return html`<canvas ref=${canvas} class="sample" role="img" aria-label=${label}></canvas>`;
}
