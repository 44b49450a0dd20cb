// The published package in Node, against a real service. BASE is the API's base URL, including /api/v1.
import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { getEventListeners } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { WebSocket } from 'ws';
import * as sdk from '@adiuva/api-client';
import { pay } from './pay.mjs';
import { startProxy } from './proxy.mjs';
import { scenarios } from './scenarios.mjs';

const { AdiuvaClient, checksumOf, isApiError, memoryTokenStore } = sdk;
const baseUrl = process.env.BASE;
const webSocket = globalThis.WebSocket ? undefined : WebSocket; // Node has its own since 22

/** A token store for servers that check no token. */
const anyTokens = () =>
  memoryTokenStore({ access_token: 'a', refresh_token: 'b', expires_at: Date.now() + 10_000_000 });

/** Bytes of the array buffers in memory. */
function arrayBufferBytes() {
  gc();
  return process.memoryUsage().arrayBuffers;
}

/** A streamed source. It fails the upload if what was sent piles up in memory. */
function largeSource(unit, count) {
  const open = () => {
    let sent = 0;
    return new ReadableStream({
      pull: async (controller) => {
        if (sent === count) return controller.close();
        if (++sent % 64 === 0) {
          for (let checks = 0; arrayBufferBytes() > 48 * unit.length; checks++) { // memory is freed with a delay
            if (checks === 50) {
              return controller.error(new Error(`${arrayBufferBytes()} bytes in memory after ${sent} units`));
            }
            await setTimeout(20);
          }
        }
        controller.enqueue(new Uint8Array(unit));
      },
    });
  };
  return { size: count * unit.length, open };
}

const environment = { sdk, baseUrl, webSocket, startProxy: () => startProxy(baseUrl), pay, largeSource };
for (const { name, run } of scenarios(environment)) test(name, run);

test('the suite runs in the requested version of Node', { skip: !process.env.NODE_MAJOR }, () => {
  assert.equal(process.versions.node.split('.')[0], process.env.NODE_MAJOR);
});

test('CommonJS has the same exports', () => {
  const required = createRequire(import.meta.url)('@adiuva/api-client');
  assert.deepEqual(Object.keys(required).sort(), Object.keys(sdk).sort());
  assert.ok(required.AdiuvaClient && required.ErrorCode);
});

test('failed calls are retried and Retry-After is honoured', async () => {
  const problem = { code: 'internal', title: 'no', detail: 'no', type: 'x', instance: '/', request_id: 'r' };
  let responses = []; // [status, headers], in order; 200 after the last
  const server = createServer((request, response) => {
    const [status, headers] = responses.shift() ?? [200, {}];
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
    response.end(JSON.stringify(status < 400 ? [] : { ...problem, status }));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${server.address().port}/api/v1`;
  const client = new AdiuvaClient({ baseUrl: url, tokenStore: anyTokens() });
  responses = [[503, { 'Retry-After': '1' }], [200, {}]];
  const start = Date.now();
  assert.deepEqual(await client.billing.tiers(), []);
  assert.ok(Date.now() - start >= 990);
  responses = [[500, {}], [500, {}], [500, {}], [200, {}]];
  const retriedOnce = client.billing.tiers({ maxRetries: 1 });
  await assert.rejects(retriedOnce, (error) => isApiError(error, 'internal') && error.status === 500);
  assert.equal(responses.length, 2);
  responses = [[500, {}], [200, {}]];
  await assert.rejects(client.chat.send({ message: 'not sent twice' }), (error) => isApiError(error, 'internal'));
  assert.equal(responses.length, 1);
  responses = [[429, { 'Retry-After': '3600' }]];
  const limited = client.billing.tiers();
  await assert.rejects(limited, (error) => error.name === 'RateLimitError' && error.retryAfterMs === 3_600_000);
  server.closeAllConnections();
  server.close();
});

test('checksumOf works without node:crypto', async () => {
  const { getBuiltinModule } = process;
  try {
    process.getBuiltinModule = undefined;
    for (const length of [0, 1, 55, 56, 63, 64, 65, 1000, 300_000]) {
      const bytes = randomBytes(length);
      const want = createHash('sha256').update(bytes).digest('hex');
      assert.equal(await checksumOf(new Uint8Array(bytes)), want, `${length} bytes`);
    }
  } finally {
    process.getBuiltinModule = getBuiltinModule;
  }
});

test('timeouts and aborts work even if fetch ignores its signal', async () => {
  const stuckFetch = () => new Promise(() => undefined);
  const client = new AdiuvaClient({ baseUrl, tokenStore: anyTokens(), fetch: stuckFetch });
  const controller = new AbortController();
  const { signal } = controller;
  const calls = [
    client.billing.tiers({ timeoutMs: 20 }),
    client.backups.download({ timeoutMs: 20 }),
    client.backups.upload(new Blob(['x']), { version: 1, signal }),
    client.chat.send({ message: 'x' }, { signal }),
  ];
  const results = Promise.allSettled(calls);
  await setTimeout(20);
  controller.abort();
  const names = (await results).map(({ reason }) => reason?.name);
  assert.deepEqual(names, ['TimeoutError', 'TimeoutError', 'AbortError', 'AbortError']);
});

test('a signal that outlives its calls keeps no listeners', async () => {
  const { signal } = new AbortController();
  const warnings = [];
  process.on('warning', (warning) => warnings.push(warning.name));
  const client = new AdiuvaClient({ baseUrl, webSocket, tokenStore: memoryTokenStore() });
  await client.auth.register({ email: `${randomUUID()}@example.com`, password: 'correct horse battery' }, { signal });
  for (let n = 0; n < 12; n++) await client.auth.me({ signal });
  let tokens = 0;
  const message = `tell me about ${'many tasks '.repeat(200)}`;
  for await (const delta of client.chat.stream({ message }, { signal }).text()) tokens += delta.length > 0;
  const upload = client.backups.upload(new Blob(['x']), { version: 1, signal });
  await assert.rejects(upload, (error) => isApiError(error, 'tier_required'));
  const download = client.backups.download({ signal });
  await assert.rejects(download, (error) => isApiError(error, 'not_found') || isApiError(error, 'tier_required'));
  client.close();
  await setImmediate();
  assert.ok(tokens > 0);
  assert.equal(getEventListeners(signal, 'abort').length, 0);
  assert.deepEqual(warnings, []);
});
