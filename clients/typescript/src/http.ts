import type { Client, RequestOptions } from './gen/client/index.js';

/**
 * The client that the generated operations call. The generated fetch client, with styles of parameters, interceptors,
 * event streams and form data, would be a third of the package.
 *
 * An operation resolves to `{ data, response }` or `{ error, response }`, without a response if the request failed.
 */
export function createHttpClient(baseUrl: string, send: typeof fetch): Client {
  const method = (name: string) => async ({ url, path, query, body, headers, signal }: RequestOptions) => {
    const sent = new Headers(present(headers));
    if (body !== undefined) sent.set('content-type', 'application/json');
    const target = baseUrl + url.replace(/\{(\w+)\}/g, (_, part: string) => encodeURIComponent(String(path?.[part])));
    const parameters = new URLSearchParams(present(query)).toString();
    const request = new Request(parameters ? `${target}?${parameters}` : target, {
      method: name, headers: sent, signal: signal ?? null, body: body === undefined ? null : JSON.stringify(body),
    });
    let response: Response;
    try {
      response = await send(request);
    } catch (error) {
      return { error };
    }
    const text = await response.text();
    return response.ok ? { data: parseBody(text, response), response } : { error: parseProblem(text), response };
  };
  const methods = ['get', 'post', 'put', 'patch', 'delete'];
  const client = Object.fromEntries(methods.map((name) => [name, method(name.toUpperCase())]));
  return client as unknown as Client;
}

function parseBody(text: string, response: Response): unknown {
  if (!text) return {};
  return /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : text;
}

/** The members of an object that have a value, as texts. */
function present(members: unknown): [string, string][] {
  return Object.entries(members ?? {}).flatMap(([name, value]) =>
    value === undefined || value === null ? [] : [[name, String(value)]]);
}

/** An error's body as JSON, or as it is: a proxy in between may send anything. */
export function parseProblem(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
