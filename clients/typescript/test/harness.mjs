// What a page cannot do itself: it serves the page, cuts wires, pays, and takes reports.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { pay } from './pay.mjs';
import { wire } from './proxy.mjs';

const here = (path) => new URL(path, import.meta.url);

/** The page's files by name. */
export const files = Object.fromEntries([
  ...['index.html', 'page.mjs'].map((name) => [name, here(`page/${name}`)]),
  ...['assert', 'scenarios', 'scenarios-backups', 'scenarios-plans', 'scenarios-streams'].map((name) => [`${name}.mjs`, here(`${name}.mjs`)]),
  ['index.js', here('../dist/index.js')], // the package as it is published
]);

/** Listens on a free port of 127.0.0.1; `report` gets what the page tells. */
export async function harness(baseUrl, report) {
  const wires = [];
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    response.setHeader('Access-Control-Allow-Origin', '*');
    try {
      if (request.method !== 'POST') return await serve(pathname.slice(1), response);
      let text = '';
      for await (const part of request) text += part;
      response.end(JSON.stringify(await obey(pathname, JSON.parse(text), { baseUrl, report, wires }) ?? {}));
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: server.address().port,
    close: () => {
      for (const line of wires) line.close();
      server.close();
      server.closeAllConnections();
    },
  };
}

async function serve(name, response) {
  const file = files[name];
  if (!file) return response.writeHead(404).end();
  response.setHeader('Content-Type', name.endsWith('.html') ? 'text/html' : 'text/javascript');
  response.end(await readFile(file));
}

async function obey(path, body, { baseUrl, report, wires }) {
  const [, what, id, action] = path.split('/');
  if (what === 'report') return report(body);
  if (what === 'pay') return pay(body.page);
  if (id !== undefined) return wires[id][action](body);
  wires.push(await wire(baseUrl));
  return { id: wires.length - 1, base: wires.at(-1).base };
}
