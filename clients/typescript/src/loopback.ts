/// <reference types="node" />
import { createServer, type ServerResponse } from 'node:http';
import { isApiError } from './errors.js';
import { callSignal, raceAbort, type CallOptions } from './transport.js';

/** Where a browser comes back to this process (RFC 8252, 7.3): a free port of 127.0.0.1, for one sign-in. */
export async function listenOnLoopback() {
  let arrive: ((url: URL, response: ServerResponse) => void) | undefined;
  let end = () => {};
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (request.method === 'GET' && url.pathname === '/signed-in' && arrive) return arrive(url, response);
    response.writeHead(404, { connection: 'close' }).end();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', () => resolve());
  });
  const { port } = server.address() as { port: number };
  return {
    redirectUri: `http://127.0.0.1:${port}/signed-in`,
    /**
     * The result of `finish` with the URL that has the state, once it has come. Any program and page of this computer
     * can open the address, so one with another state is answered and the wait goes on.
     */
    wait<T>(state: string, call: CallOptions, finish: (url: string) => Promise<T>): Promise<T> {
      const { signal, done } = callSignal(call);
      end = done;
      const result = new Promise<T>((resolve, reject) => {
        arrive = (url, response) => {
          if (url.searchParams.get('state') !== state) return show(response, 400, pages.other);
          arrive = undefined; // a page that is loaded again finishes nothing again
          finish(url.href).then(
            (value) => { show(response, 200, pages.done, () => resolve(value)); },
            (error: unknown) => { show(response, 200, pageOf(error), () => { reject(error); }); },
          );
        };
      });
      return raceAbort(result, signal);
    },
    close(): void {
      end();
      server.close();
      server.closeAllConnections();
    },
  };
}

interface Page { title: string; text: string; code?: string }

const pages = {
  done: { title: 'You are signed in', text: 'Adiuva knows already. You can close this page.' },
  link: {
    title: 'One more step',
    text: 'There is an Adiuva account with your address already. Go on in the app to use it. You can close this page.',
  },
  other: {
    title: 'This page is no longer valid',
    text: 'It belongs to a sign-in that is over, or that Adiuva did not start. Start again in the app.',
  },
};

function pageOf(error: unknown): Page {
  if (isApiError(error, 'link_required')) return pages.link;
  const code = (error as { code?: unknown } | null)?.code;
  return {
    title: 'You are not signed in',
    text: 'Go back to Adiuva and try again. If that fails too, give your administrator this code:',
    code: typeof code === 'string' && /^[a-z_]{1,40}$/.test(code) ? code : 'no_connection',
  };
}

const style = `:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --line: #d0d7de; --box: #f6f8fa; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #0d1117; --line: #30363d; --box: #161b22; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.6 system-ui, sans-serif; }
main { max-width: 46rem; margin: 0 auto; padding: 1rem; }
h1 { line-height: 1.25; }
code { padding: 0.25rem 0.5rem; border: 1px solid var(--line); border-radius: 6px; background: var(--box); }`;

/** Answers with a page, and calls `sent` when the browser has it or is gone. */
function show(response: ServerResponse, status: number, { title, text, code }: Page, sent = () => {}): void {
  response.once('close', sent);
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', connection: 'close',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; " +
      "form-action 'none'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer', 'x-content-type-options': 'nosniff',
  }).end(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Adiuva</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<main>
<h1>${title}</h1>
<p>${text}</p>
${code ? `<p><code>${code}</code></p>\n` : ''}</main>
</body>
</html>
`);
}
