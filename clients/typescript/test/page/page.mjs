// Runs the scenarios in a page and reports each result to the harness, whose address is in the query.
import * as sdk from './index.js';
import { scenarios } from './scenarios.mjs';

const { harness, base, replicas } = Object.fromEntries(new URLSearchParams(location.search));

async function command(path, body = {}) {
  const response = await fetch(harness + path, { method: 'POST', body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`harness: ${path} responded with ${response.status}`);
  return response.json();
}

async function startProxy(target) {
  const { id, base } = await command('/proxy', { target });
  return {
    base,
    set: (change) => command(`/proxy/${id}/set`, change),
    state: () => command(`/proxy/${id}/state`),
    close: () => command(`/proxy/${id}/close`),
  };
}

const largeSource = (unit, count) => new Blob(Array(count).fill(unit));
const pay = (page) => command('/pay', { page });
const mailedCode = async (address, nth) => (await command('/code', { address, nth })).code;

/** sql.js. Its script defines initSqlJs; its WebAssembly comes from the harness, since pages cannot fetch from app://. */
const sqlite = {
  engine: 'sql.js',
  async open() {
    const wasmBinary = await (await fetch(`${harness}/sql-wasm.wasm`)).arrayBuffer();
    const db = new (await initSqlJs({ wasmBinary })).Database();
    return {
      exec: (sql) => db.exec(sql),
      all(sql, ...values) {
        const statement = db.prepare(sql, values);
        const rows = [];
        while (statement.step()) rows.push(statement.getAsObject());
        statement.free();
        return rows;
      },
    };
  },
};

await command('/report', { origin: location.origin, engine: /Chrome\/\S+/.exec(navigator.userAgent)?.[0] });
const environment = { sdk, baseUrl: base, replicas: replicas.split(','), sqlite, startProxy, pay, mailedCode, largeSource };
for (const { name, run } of scenarios(environment)) {
  const start = performance.now();
  const error = await run().then(() => undefined, (reason) => `${reason.name}: ${reason.message}\n${reason.stack}`);
  const ms = Math.round(performance.now() - start);
  await command('/report', { name, ms, ...(error === undefined ? {} : { error }) });
}
await command('/report', { done: true });
