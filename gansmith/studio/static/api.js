// Asks the server. Errors come back as what was wrong and what to do; a token is remembered.

const KEY = "gansmith-token";

/** An answer that is no success. */
export class Refused extends Error {
  /**
   * @param {number} code - of HTTP; 0 where the server did not answer
   * @param {string} message - what was wrong
   * @param {string | null} fix - what to do about it
   * @param {number} retrySeconds - after which to ask again; 0 where that changes nothing
   */
  constructor(code, message, fix = null, retrySeconds = 0) {
    super(message);
    this.code = code;
    this.fix = fix;
    this.retrySeconds = retrySeconds;
  }
}

/** Remember the token until the browser is closed; the page asks for one on "gansmith-token".
 * @param {string} token
 */
export function setToken(token) {
  sessionStorage.setItem(KEY, token);
}

/** The answer itself, once it is known to be a success.
 * @param {string} path - such as "api/learn/frame"
 * @param {{ body?: any, form?: FormData, method?: string, signal?: AbortSignal }} [options] - a body
 *   is sent as JSON, by POST where no method is named
 * @returns {Promise<Response>}
 */
export async function ask(path, { body, form, method, signal } = {}) {
  /** @type {Record<string, string>} */
  const headers = {};
  const token = sessionStorage.getItem(KEY);
  if (token) headers["Authorization"] = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const sends = body !== undefined || form !== undefined;
  let answer;
  try {
    answer = await fetch(path, {
      method: method ?? (sends ? "POST" : "GET"), headers, signal,
      body: form ?? (body === undefined ? undefined : JSON.stringify(body)),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Refused(0, "The server does not answer.", "Is `gansmith studio` still running?");
  }
  if (answer.ok) return answer;
  if (answer.status === 401) dispatchEvent(new Event(KEY));
  const said = await answer.json().catch(() => ({}));
  const wait = Number(answer.headers.get("Retry-After") ?? 0);
  throw new Refused(answer.status, said.error ?? answer.statusText, said.fix ?? null, wait);
}

/** The answer, read as JSON.
 * @param {string} path
 * @param {Parameters<typeof ask>[1]} [options]
 * @returns {Promise<any>}
 */
export async function askJson(path, options) {
  return (await ask(path, options)).json();
}

/** A picture or file, as an address for <img src> or <a download>; revoke it when done.
 * @param {string} path
 * @param {Parameters<typeof ask>[1]} [options]
 * @returns {Promise<string>}
 */
export async function askObject(path, options) {
  return URL.createObjectURL(await (await ask(path, options)).blob());
}
