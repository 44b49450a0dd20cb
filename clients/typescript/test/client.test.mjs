// The package as it is published against a real service, in Node: BASE is its address, /api/v1 included.
import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { getEventListeners } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import * as sdk from '@adiuva/api-client';
import { pay } from './pay.mjs';
import { wire } from './proxy.mjs';
import { scenarios } from './scenarios.mjs';

const { AdiuvaClient, checksumOf, isApiError, memoryTokenStore } = sdk;
const baseUrl = process.env.BASE;
const webSocket = globalThis.WebSocket ? undefined : WebSocket; // Node has one of its own since 22

function held() {
  gc();
  return process.memoryUsage().arrayBuffers;
}

/** A stream that Node sends as it is made; what is sent may not pile up in memory. */
function large(unit, count) {
  const open = () => {
    let at = 0;
    return new ReadableStream({
      pull: async (out) => {
        if (at === count) return out.close();
        if (++at % 64 === 0) {
          for (let look = 0; held() > 48 * unit.length; look++) { // what was sent is given back a little later
            if (look === 50) return out.error(new Error(`${held()} bytes in memory after ${at} parts`));
            await new Promise((next) => setTimeout(next, 20));
          }
        }
        out.enqueue(new Uint8Array(unit));
      },
    });
  };
  return { size: count * unit.length, open };
}

for (const { name, run } of scenarios({ sdk, baseUrl, webSocket, wire: () => wire(baseUrl), pay, large })) test(name, run);

test('this is the Node that was asked for', { skip: !process.env.NODE_MAJOR }, () => {
  assert.equal(process.versions.node.split('.')[0], process.env.NODE_MAJOR);
});

test('CommonJS sees the same', () => {
  const required = createRequire(import.meta.url)('@adiuva/api-client');
  assert.deepEqual(Object.keys(required).sort(), Object.keys(sdk).sort());
  assert.ok(required.AdiuvaClient && required.ErrorCode);
});

test('retries and Retry-After', async () => {
  let answers = [];
  const server = createServer((request, response) => {
    const [status, headers] = answers.shift() ?? [200, {}];
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
    response.end(JSON.stringify(status < 400 ? [] : { code: 'internal', status, title: 'no', detail: 'no', type: 'x', instance: '/', request_id: 'r' }));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = new AdiuvaClient({ baseUrl: `http://127.0.0.1:${server.address().port}/api/v1`, tokenStore: memoryTokenStore({ access_token: 'a', refresh_token: 'b', expires_at: Date.now() + 1e7 }) });
  answers = [[503, { 'Retry-After': '1' }], [200, {}]];
  const begun = Date.now();
  assert.deepEqual(await client.billing.tiers(), []);
  assert.ok(Date.now() - begun >= 990);
  answers = [[500, {}], [500, {}], [500, {}], [200, {}]];
  await assert.rejects(client.billing.tiers({ maxRetries: 1 }), (error) => isApiError(error, 'internal') && error.status === 500);
  assert.equal(answers.length, 2);
  answers = [[500, {}], [200, {}]];
  await assert.rejects(client.chat.send({ message: 'not sent twice' }), (error) => isApiError(error, 'internal'));
  assert.equal(answers.length, 1);
  answers = [[429, { 'Retry-After': '3600' }]];
  await assert.rejects(client.billing.tiers(), (error) => error.name === 'RateLimitError' && error.retryAfterMs === 3_600_000);
  server.closeAllConnections();
  server.close();
});

test('SHA-256 without Node', async () => {
  const own = process.getBuiltinModule;
  try {
    process.getBuiltinModule = undefined;
    for (const length of [0, 1, 55, 56, 63, 64, 65, 1000, 300_000]) {
      const bytes = randomBytes(length);
      assert.equal(await checksumOf(new Uint8Array(bytes)), createHash('sha256').update(bytes).digest('hex'), `${length} bytes`);
    }
  } finally {
    process.getBuiltinModule = own;
  }
});

test('an abort is heard though fetch does not hear it', async () => {
  const deaf = new AdiuvaClient({ baseUrl, tokenStore: memoryTokenStore({ access_token: 'a', refresh_token: 'b', expires_at: Date.now() + 1e7 }), fetch: () => new Promise(() => undefined) });
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 20);
  const calls = [deaf.billing.tiers({ timeoutMs: 20 }), deaf.backups.download({ timeoutMs: 20 }), deaf.backups.upload(new Blob(['x']), { version: 1, signal: stop.signal }), deaf.chat.send({ message: 'x' }, { signal: stop.signal })];
  assert.deepEqual((await Promise.allSettled(calls)).map(({ reason }) => reason?.name), ['TimeoutError', 'TimeoutError', 'AbortError', 'AbortError']);
});

test('a signal that outlives its calls keeps nothing of them', async () => {
  const { signal } = new AbortController();
  const warnings = [];
  process.on('warning', (warning) => warnings.push(warning.name));
  const client = new AdiuvaClient({ baseUrl, webSocket, tokenStore: memoryTokenStore() });
  await client.auth.register({ email: `${randomUUID()}@example.com`, password: 'correct horse battery' }, { signal });
  for (let n = 0; n < 12; n++) await client.auth.me({ signal });
  let tokens = 0;
  for await (const token of client.chat.stream({ message: `tell me about ${'many tasks '.repeat(200)}` }, { signal })) tokens += token.length > 0;
  await assert.rejects(client.backups.upload(new Blob(['x']), { version: 1, signal }), (error) => isApiError(error, 'tier_required'));
  await assert.rejects(client.backups.download({ signal }), (error) => isApiError(error, 'not_found') || isApiError(error, 'tier_required'));
  client.close();
  await new Promise((next) => setImmediate(next));
  assert.ok(tokens > 0);
  assert.equal(getEventListeners(signal, 'abort').length, 0);
  assert.deepEqual(warnings, []);
});
