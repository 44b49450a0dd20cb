// Runs the scenarios in a page and reports each result to the harness, whose address is in the query.
import * as sdk from './index.js';
import { scenarios } from './scenarios.mjs';

const { harness, base } = Object.fromEntries(new URLSearchParams(location.search));

async function command(path, body = {}) {
  const response = await fetch(harness + path, { method: 'POST', body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`harness: ${path} responded with ${response.status}`);
  return response.json();
}

async function startProxy() {
  const { id, base } = await command('/proxy');
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

await command('/report', { origin: location.origin, engine: /Chrome\/\S+/.exec(navigator.userAgent)?.[0] });
for (const { name, run } of scenarios({ sdk, baseUrl: base, startProxy, pay, mailedCode, largeSource })) {
  const start = performance.now();
  const error = await run().then(() => undefined, (reason) => `${reason.name}: ${reason.message}\n${reason.stack}`);
  const ms = Math.round(performance.now() - start);
  await command('/report', { name, ms, ...(error === undefined ? {} : { error }) });
}
await command('/report', { done: true });
