// The server behind a test page. It serves the page and does for it what a page cannot: proxies, payments and reports.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { mailedCode } from './mailbox.mjs';
import { pay } from './pay.mjs';
import { startProxy } from './proxy.mjs';

const fileUrl = (path) => new URL(path, import.meta.url);
const modules = ['assert', 'scenarios', 'scenarios-backups', 'scenarios-plans', 'scenarios-streams', 'scenarios-tools'];

/** The page's files by name. */
export const files = Object.fromEntries([
  ...['index.html', 'page.mjs'].map((name) => [name, fileUrl(`page/${name}`)]),
  ...modules.map((name) => [`${name}.mjs`, fileUrl(`${name}.mjs`)]),
  ['index.js', fileUrl('../dist/index.js')], // the package as it is published
  ...['sql-wasm.js', 'sql-wasm.wasm'].map((name) => [name, fileUrl(`sqlite/node_modules/sql.js/dist/${name}`)]),
]);

/** Starts the server on a free port of 127.0.0.1. onReport gets each report of the page. */
export async function startHarness(baseUrl, onReport) {
  const proxies = [];
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    response.setHeader('Access-Control-Allow-Origin', '*');
    try {
      if (request.method !== 'POST') return await serveFile(pathname.slice(1), response);
      let text = '';
      for await (const chunk of request) text += chunk;
      const result = await runCommand(pathname, JSON.parse(text), { baseUrl, onReport, proxies });
      response.end(JSON.stringify(result ?? {}));
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: server.address().port,
    close: () => {
      for (const proxy of proxies) proxy.close();
      server.close();
      server.closeAllConnections();
    },
  };
}

async function serveFile(name, response) {
  const file = files[name];
  if (!file) return response.writeHead(404).end();
  response.setHeader('Content-Type', name.endsWith('.html') ? 'text/html' : 'text/javascript');
  response.end(await readFile(file));
}

/** Runs /report, /pay, /code, /proxy (starts one) or /proxy/{id}/{method}. */
async function runCommand(path, body, { baseUrl, onReport, proxies }) {
  const [, command, id, method] = path.split('/');
  if (command === 'report') return onReport(body);
  if (command === 'pay') return pay(body.page);
  if (command === 'code') return { code: await mailedCode(process.env.MAILBOX, body.address, body.nth) };
  if (id !== undefined) return proxies[id][method](body);
  proxies.push(await startProxy(body.target ?? baseUrl));
  return { id: proxies.length - 1, base: proxies.at(-1).base };
}
