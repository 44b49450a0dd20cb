import type { Client, RequestOptions } from './gen/client/index.js';
import { buildUrl, getParseAs, mergeHeaders } from './gen/client/utils.gen.js';
import { jsonBodySerializer } from './gen/core/bodySerializer.gen.js';

/**
 * The client that the generated operations call. It uses the generated code for URLs, queries and bodies. The rest of
 * the generated fetch client, with interceptors, event streams and form data, would be a fifth of the package.
 *
 * An operation resolves to `{ data, response }` or `{ error, response }`, without a response if the request failed.
 */
export function createHttpClient(baseUrl: string, send: typeof fetch): Client {
  const method = (name: string) => async ({ url, path, query, body, headers, signal }: RequestOptions) => {
    const merged = mergeHeaders(headers);
    if (body === undefined) merged.delete('content-type');
    const request = new Request(buildUrl({ baseUrl, url, ...(path && { path }), ...(query && { query }) }), {
      method: name, headers: merged, signal: signal ?? null,
      body: body === undefined ? null : jsonBodySerializer.bodySerializer(body),
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
  const client = { get: method('GET'), post: method('POST'), delete: method('DELETE') };
  return client as unknown as Client;
}

function parseBody(text: string, response: Response): unknown {
  if (!text) return {};
  return getParseAs(response.headers.get('content-type')) === 'json' ? JSON.parse(text) : text;
}

/** An error's body as JSON, or as it is: a proxy in between may send anything. */
function parseProblem(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
