// The package as it is published against a real service: BASE is its address, /api/v1 included.
import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { AdiuvaClient, ChecksumError, ConnectionError, StreamClosedError, TimeoutError, checksumOf, isAdiuvaError, isApiError, memoryTokenStore } from '@adiuva/api-client';
import { wire } from './proxy.mjs';

const baseUrl = process.env.BASE;
const webSocket = globalThis.WebSocket ?? WebSocket;
const credentials = () => ({ email: `${randomUUID()}@example.com`, password: 'correct horse battery' });
let member; // of a team, so that it may do everything

/** A client that counts its calls by path. */
function counted(options = {}) {
  const calls = [];
  const client = new AdiuvaClient({
    baseUrl, webSocket, ...options,
    fetch: (input, init) => { calls.push(new URL(input.url ?? input).pathname.replace('/api/v1', '')); return fetch(input, init); },
  });
  return { client, calls };
}

async function eventually(what, ok) {
  for (const end = Date.now() + 20_000; Date.now() < end; await new Promise((next) => setTimeout(next, 50))) if (await ok()) return;
  assert.fail(`${what} did not happen`);
}

before(async () => {
  const tokenStore = memoryTokenStore();
  member = new AdiuvaClient({ baseUrl, webSocket, tokenStore });
  await member.auth.register(credentials());
  const page = await member.billing.checkout({ tier: 'team', seats: 2 });
  await fetch(page, { method: 'POST', body: new URLSearchParams({ do: 'pay' }), redirect: 'manual' });
  await eventually('the plan', async () => (await member.auth.me()).tier === 'team');
  member.tokenStore = tokenStore;
});

test('CommonJS sees the same', () => {
  const required = createRequire(import.meta.url)('@adiuva/api-client');
  assert.deepEqual(Object.keys(required).sort(), Object.keys({ ...required }).sort());
  assert.ok(required.AdiuvaClient && required.ErrorCode);
});

test('sign in, states, sign out', async () => {
  const { client } = counted();
  const states = [];
  const quiet = client.auth.onAuthStateChange((state) => states.push(state));
  const who = credentials();
  await client.auth.register(who);
  assert.equal((await client.auth.me()).email, who.email);
  await client.auth.refresh();
  await client.auth.logout();
  await assert.rejects(client.auth.me(), (error) => isApiError(error, 'token_missing') && error.name === 'AuthenticationError');
  await client.auth.login(who);
  quiet();
  await client.auth.logout();
  assert.deepEqual(states, ['signed-in', 'refreshed', 'signed-out', 'signed-in']);
  await assert.rejects(client.auth.login({ ...who, password: 'wrong wrong wrong' }), (error) => isApiError(error, 'invalid_credentials'));
});

test('20 parallel calls after expiry: one refresh', async () => {
  const tokenStore = memoryTokenStore();
  const { client, calls } = counted({ tokenStore });
  await client.auth.register(credentials());
  for (const spoil of [(t) => ({ ...t, expires_at: 0 }), (t) => ({ ...t, access_token: `${t.access_token}x` })]) {
    tokenStore.set(spoil(tokenStore.get()));
    calls.length = 0;
    await Promise.all(Array.from({ length: 20 }, () => client.auth.me()));
    assert.equal(calls.filter((path) => path === '/auth/refresh').length, 1);
  }
});

test('two windows on one store: one refresh', async () => {
  let tail = Promise.resolve();
  const lock = (work) => (tail = tail.then(work, work));
  const tokenStore = memoryTokenStore();
  const [one, other] = [counted({ tokenStore, lock }), counted({ tokenStore, lock })];
  await one.client.auth.register(credentials());
  tokenStore.set({ ...tokenStore.get(), expires_at: 0 });
  await Promise.all([one, other].flatMap(({ client }) => Array.from({ length: 5 }, () => client.auth.me())));
  assert.equal([...one.calls, ...other.calls].filter((path) => path === '/auth/refresh').length, 1);
});

test('a refused refresh signs out; one that cannot be reached does not', async () => {
  const tokenStore = memoryTokenStore();
  const client = new AdiuvaClient({ baseUrl, tokenStore, maxRetries: 0 });
  await client.auth.register(credentials());
  const good = tokenStore.get();
  tokenStore.set({ ...good, expires_at: 0 });
  const away = new AdiuvaClient({ baseUrl: 'http://127.0.0.1:9/api/v1', tokenStore, maxRetries: 0 });
  await assert.rejects(away.auth.me(), ConnectionError);
  assert.ok(tokenStore.get());
  tokenStore.set({ ...good, refresh_token: 'nonsense', expires_at: 0 });
  await assert.rejects(client.auth.me(), (error) => isApiError(error, 'refresh_invalid'));
  assert.equal(tokenStore.get(), null);
});

test('errors say what is wrong', async () => {
  await assert.rejects(member.chat.send({ message: '' }), (error) =>
    isApiError(error, 'validation_failed') && error.errors[0].pointer === '/message' && error.requestId.length > 0 && isAdiuvaError(error));
  const { client } = counted();
  await client.auth.register(credentials());
  await assert.rejects(client.backups.upload(new Blob(['x']), { version: 1 }), (error) => isApiError(error, 'tier_required') && error.problem.required.includes('pro'));
});

test('retries, Retry-After, timeouts, aborts', async () => {
  let answers = [];
  const server = createServer((request, response) => {
    const [status, headers] = answers.shift() ?? [200, {}];
    if (status === 0) return; // hangs
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
  answers = [[0], [0]];
  await assert.rejects(client.billing.tiers({ timeoutMs: 100 }), TimeoutError);
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 50);
  await assert.rejects(client.billing.tiers({ signal: stop.signal }), { name: 'AbortError' });
  server.closeAllConnections();
  server.close();
});

async function drain(stream) {
  let text = '';
  for (;;) {
    const { done, value } = await stream.next();
    if (done) return { text, last: value };
    text += value;
  }
}

test('a stream: tokens are the answer, the socket is used again', async () => {
  const { base, state, close } = await wire(baseUrl);
  const client = new AdiuvaClient({ baseUrl: base, webSocket, tokenStore: member.tokenStore });
  for (let n = 0; n < 3; n++) {
    const { text, last } = await drain(client.chat.stream({ message: "create a task 'Call Anna' for tomorrow" }));
    assert.equal(last.kind, 'response');
    assert.equal(text, last.response);
    assert.equal(last.actions.length, 1);
  }
  assert.equal(state.connections, 1);
  const plan = await drain(client.chat.stream({ message: 'plan my week', execution_mode: 'plan' }));
  assert.equal(plan.last.kind, 'plan');
  close();
});

test('a stream: break closes, abort aborts, a cut is no answer and is not repeated', async () => {
  const { base, state, close } = await wire(baseUrl);
  const client = new AdiuvaClient({ baseUrl: base, webSocket, tokenStore: member.tokenStore });
  for await (const token of client.chat.stream({ message: 'list my open tasks' })) { assert.ok(token); break; }
  const stop = new AbortController();
  await assert.rejects(async () => { for await (const _ of client.chat.stream({ message: 'list my open tasks' }, { signal: stop.signal })) stop.abort(); }, { name: 'AbortError' });
  state.cutAfter = 10;
  const connections = state.connections;
  await assert.rejects(drain(client.chat.stream({ message: `write a long answer about ${'tasks '.repeat(50)}` })), StreamClosedError);
  assert.equal(state.connections, connections + 1);
  state.down = true;
  await assert.rejects(drain(client.chat.stream({ message: 'x' }, { timeoutMs: 1_000 })));
  close();
});

test('a stream renews a token that is refused', async () => {
  const tokenStore = memoryTokenStore();
  const { client, calls } = counted({ tokenStore });
  await client.auth.register(credentials());
  tokenStore.set({ ...tokenStore.get(), access_token: `${tokenStore.get().access_token}x` });
  assert.equal((await drain(client.chat.stream({ message: 'list my open tasks' }))).last.kind, 'response');
  assert.equal(calls.filter((path) => path === '/auth/refresh').length, 1);
});

const read = async (download) => {
  const hash = createHash('sha256');
  let size = 0;
  for await (const part of download.body) { hash.update(part); size += part.length; }
  return { size, checksum: hash.digest('hex') };
};

test('200 MB up with progress, down again, cut at 30 % and resumed', async () => {
  const unit = randomBytes(1 << 20);
  const size = 200 * unit.length;
  let at = 0;
  const open = () => { at = 0; return new ReadableStream({ pull: (out) => { if (at++ < 200) out.enqueue(new Uint8Array(unit)); else out.close(); } }); };
  const progress = [];
  const { id } = await member.backups.upload({ size, open }, { version: 3, onProgress: (sent, total) => progress.push([sent, total]) });
  assert.deepEqual(progress.at(-1), [size, size]);
  assert.ok(progress.length >= 200 && progress.every(([sent], i) => i === 0 || sent > progress[i - 1][0]));

  const { base, state, close } = await wire(baseUrl);
  const client = new AdiuvaClient({ baseUrl: base, tokenStore: member.tokenStore });
  state.cutAfter = size * 0.3;
  const seen = [];
  const download = await client.backups.download({ onProgress: (n) => seen.push(n) });
  const got = await read(download);
  assert.deepEqual([got.size, got.checksum, download.id, download.version], [size, download.checksum, id, 3]);
  assert.equal(seen.at(-1), size);
  assert.match(state.sent, /range: bytes=\d+-/i);
  close();
  await member.backups.delete(id);
  await member.backups.delete(id);
});

test('small backups: bytes, Blob, the same key twice, history', async () => {
  const ids = [];
  for (const source of [new Uint8Array([1, 2, 3]), new Blob(['abc'])]) ids.push((await member.backups.upload(source, { version: 1 })).id);
  const key = randomUUID();
  const twice = [];
  for (let n = 0; n < 2; n++) twice.push((await member.backups.upload(new Blob(['def']), { version: 1, idempotencyKey: key })).id);
  assert.equal(twice[0], twice[1]);
  ids.push(twice[0]);
  const listed = [];
  for await (const backup of member.backups.list({ pageSize: 2 })) listed.push(backup.id);
  assert.deepEqual(listed, ids.reverse());
  assert.equal(Buffer.from(await new Response((await member.backups.download({ id: ids[2] })).body).arrayBuffer()).toString('hex'), '010203');
});

test('wrong bytes are no backup', async () => {
  const lying = new AdiuvaClient({
    baseUrl, tokenStore: member.tokenStore,
    fetch: async (input, init) => {
      const answer = await fetch(input, init);
      if (!answer.headers.has('x-backup-checksum')) return answer;
      const bytes = new Uint8Array(await answer.arrayBuffer());
      bytes[0] ^= 1;
      return new Response(bytes, { status: answer.status, headers: answer.headers });
    },
  });
  await assert.rejects(read(await lying.backups.download()), ChecksumError);
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

test('the queue sends once the server is back, each backup once', async () => {
  const { base, state, close } = await wire(baseUrl);
  const client = new AdiuvaClient({ baseUrl: base, tokenStore: member.tokenStore, maxRetries: 0 });
  let saved = '[]';
  const stored = [];
  const dropped = [];
  const options = {
    store: { load: () => JSON.parse(saved), save: (jobs) => { saved = JSON.stringify(jobs); } },
    open: (job) => (job.source === 'gone' ? undefined : new Blob([job.source])),
    onStored: (job, { id }) => stored.push([job.source, id]), onDropped: (job) => dropped.push(job.source), backoff: () => 20,
  };
  state.down = true;
  const first = client.backupQueue(options);
  for (const source of ['queued one', 'gone', 'queued two']) await first.add(source, 1);
  await eventually('a try', () => JSON.parse(saved)[0].attempts > 1);
  await first.stop();
  assert.equal(JSON.parse(saved).length, 3);
  state.down = false;
  const second = client.backupQueue(options); // after a restart
  await second.start();
  assert.deepEqual(stored.map(([source]) => source), ['queued one', 'queued two']);
  assert.deepEqual(dropped, ['gone']);
  assert.equal(saved, '[]');
  close();
});

test('every playbook is carried out', async () => {
  const day = 86_400_000;
  const now = Date.now();
  const rows = {
    tasks: [
      { id: 't1', projectId: 'p1', title: 'Send the offer', status: 'todo', priority: 'high', assignee: 'Ben', dueDate: now - 3 * day, createdAt: now - 9 * day },
      { id: 't2', projectId: 'p1', title: 'Call Anna', status: 'in_progress', priority: 'low', assignee: null, dueDate: now + day, createdAt: now - 2 * day },
      { id: 't3', projectId: 'p1', title: 'Paint', status: 'done', priority: 'low', assignee: 'Ben', dueDate: now - day, createdAt: now - 5 * day },
    ],
    emails: [{ id: 'm1', from: 'anna@example.com', to: 'me@example.com', subject: 'Offer', date: now - day, snippet: 'Please send the offer by Friday' }],
    events: [
      { id: 'e1', title: 'Stand-up', start: now + day, end: now + day + 1_800_000, timezone: 'UTC', attendees: ['anna@example.com'] },
      { id: 'e2', title: 'Review', start: now + day + 900_000, end: now + day + 3_600_000, timezone: 'UTC', attendees: [] },
    ],
    projects: [{ id: 'p1', clientId: 'c1', name: 'Relaunch', status: 'active' }], clients: [{ id: 'c1', name: 'Example' }],
    checkpoints: [{ id: 'k1', projectId: 'p1', title: 'Beta', date: now + 7 * day, isApproved: 1 }], notes: [], taskComments: [],
  };
  const playbooks = await member.plans.playbooks();
  assert.ok(playbooks.length >= 8);
  let carriedOut = 0;
  for (const plan of playbooks) {
    const actions = await member.plans.run(plan, {
      select: (table, filter) => (rows[table] ?? []).filter((row) => Object.entries(filter).every(([column, value]) => row[column] === value)),
      act: () => { carriedOut++; }, timezone: 'Europe/Berlin',
    });
    assert.ok(actions.every(({ data }) => !JSON.stringify(data).includes('{{')), plan.id);
  }
  assert.ok(carriedOut >= playbooks.length - 1, `${carriedOut} actions`); // rules leave calendar conflicts alone
});

after(() => member.auth.logout());
