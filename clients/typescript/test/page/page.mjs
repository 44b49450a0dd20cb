// Runs the scenarios in a page, and reports each to the harness that the address names.
import * as sdk from './index.js';
import { scenarios } from './scenarios.mjs';

const { harness, base } = Object.fromEntries(new URLSearchParams(location.search));

async function ask(path, body = {}) {
  const answer = await fetch(harness + path, { method: 'POST', body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`harness: ${path} answered ${answer.status}`);
  return answer.json();
}

async function wire() {
  const { id, base } = await ask('/wire');
  return { base, set: (change) => ask(`/wire/${id}/set`, change), state: () => ask(`/wire/${id}/state`), close: () => ask(`/wire/${id}/close`) };
}

const large = (unit, count) => new Blob(Array(count).fill(unit));
const pay = (page) => ask('/pay', { page });

await ask('/report', { origin: location.origin, engine: /Chrome\/\S+/.exec(navigator.userAgent)?.[0] });
for (const { name, run } of scenarios({ sdk, baseUrl: base, wire, pay, large })) {
  const begun = performance.now();
  const error = await run().then(() => undefined, (why) => `${why.name}: ${why.message}\n${why.stack}`);
  await ask('/report', { name, ms: Math.round(performance.now() - begun), ...(error === undefined ? {} : { error }) });
}
await ask('/report', { done: true });
