// Streams against a stand-in that says anything: orders, losses and refusals that the real service does not produce.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { AdiuvaClient, memoryTokenStore } from '@adiuva/api-client';
import { startFake } from './fake.mjs';

const tokens = (expires = 3_600_000) =>
  ({ access_token: 'a', refresh_token: 'b', expires_at: Date.now() + expires, token_type: 'Bearer' });
const done = (members) => ({ type: 'done', kind: 'response', response: 'Hello', actions: [], ...members });
const sse = (event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

async function withClient(t, script, options) {
  const fake = await startFake(script);
  const client = new AdiuvaClient({
    baseUrl: fake.base, webSocket: WebSocket, tokenStore: memoryTokenStore(tokens()), ...options,
  });
  t.after(() => {
    client.close();
    fake.close();
  });
  return { fake, client };
}

const answers = (frame, send) => {
  if (frame.type === 'ping') return send({ type: 'pong' });
  send({ type: 'started', request_id: 'r1' });
  send({ type: 'from-the-future', x: 1 });
  send({ type: 'text', delta: 'Hel' });
  send({ type: 'heartbeat' });
  send({ type: 'text', delta: 'lo' });
  send(done());
};

async function collect(iterable) {
  const list = [];
  for await (const item of iterable) list.push(item);
  return list;
}

test('events come in order, without signs of life, and final returns the last', async (t) => {
  const { client, fake } = await withClient(t, { socket: answers });
  const stream = client.chat.stream({ message: 'hi' });
  const types = (await collect(stream)).map(({ type }) => type);
  assert.deepEqual(types, ['started', 'from-the-future', 'text', 'text', 'done']);
  assert.equal((await stream.final()).response, 'Hello');
  assert.deepEqual(await collect(client.chat.stream({ message: 'hi' }).text()), ['Hel', 'lo']);
  assert.equal((await client.chat.stream({ message: 'hi' }).final()).response, 'Hello');
  assert.equal(fake.sockets(), 1);
});

test('a stream is read once, and final fails if the loop was left', async (t) => {
  const { client } = await withClient(t, { socket: answers });
  const stream = client.chat.stream({ message: 'hi' });
  for await (const _ of stream) break;
  await assert.rejects(stream.final(), /left before its end/);
  await assert.rejects(collect(stream), /read once/);
});

test('three tools run at once; denials, errors and unknown tools are told', async (t) => {
  const results = [];
  const { client } = await withClient(t, { socket: (frame, send) => {
    if (frame.type === 'tool_result') {
      results.push(frame);
      return results.length === 5 && send(done());
    }
    assert.deepEqual(frame.client_tools.map(({ name, needs_approval }) => [name, needs_approval]),
      [['rows', undefined], ['fails', undefined], ['risky', true]]);
    send({ type: 'started', request_id: 'r' });
    for (const name of ['rows', 'fails', 'risky', 'toString', 'rows']) {
      send({ type: 'tool_call', id: `c${name}${Math.random()}`, name, arguments: { table: 'tasks' } });
    }
  } });
  let running = 0;
  let most = 0;
  const parameters = { type: 'object', properties: {} };
  const tools = {
    rows: { description: 'rows', parameters, run: async ({ table }) => {
      most = Math.max(most, ++running);
      await new Promise(setImmediate);
      running--;
      return [{ table }];
    } },
    fails: { description: 'fails', parameters, run: () => { throw new Error('no table'); } },
    risky: { description: 'risky', parameters, needsApproval: true, run: () => assert.fail('not approved') },
  };
  const asked = [];
  const approve = ({ name }) => asked.push(name) < 0;
  await client.chat.stream({ message: 'hi' }, { tools, approve }).final();
  const told = results.map(({ type, id, ...result }) => JSON.stringify(result)).sort();
  assert.deepEqual(told, ['{"content":"[{\\"table\\":\\"tasks\\"}]"}', '{"content":"[{\\"table\\":\\"tasks\\"}]"}',
    '{"denied":true}', '{"error":"no table"}', '{"error":"there is no tool toString"}']);
  assert.equal(most, 2);
  assert.deepEqual(asked, ['risky']);
});

test('cancel ends with what was shown, also where the server cannot say so', async (t) => {
  const { client } = await withClient(t, {
    socket: (frame, send) => {
      if (frame.type === 'cancel') return send(done({ response: 'Hel', cancelled: true }));
      send({ type: 'text', delta: 'Hel' });
    },
    chat: (body, write) => {
      write(sse({ type: 'text', delta: 'Hel' }));
      return new Promise(() => undefined);
    },
  });
  for (const via of ['socket', 'sse']) {
    const stream = client.chat.stream({ message: 'hi' }, { via });
    for await (const event of stream) if (event.type === 'text') stream.cancel();
    const { response, cancelled, actions } = await stream.final();
    assert.deepEqual([response, cancelled, actions], ['Hel', true, []], via);
  }
});

test('a client without sockets answers over HTTP, cut anywhere', async (t) => {
  const text = ': hello\r\n\r\n' + [
    { type: 'started', request_id: 'r' }, { type: 'text', delta: 'Grüße 🌍' }, done({ response: 'Grüße 🌍' }),
  ].map(sse).join('').replaceAll('\n', '\r\n');
  const bytes = new TextEncoder().encode(text);
  let cut = 0;
  const { client, fake } = await withClient(t, { chat: async (body, write) => {
    write(bytes.slice(0, cut));
    await new Promise(setImmediate);
    write(bytes.slice(cut));
  } });
  for (cut = 0; cut < bytes.length; cut += 7) {
    const stream = client.chat.stream({ message: 'hi' });
    assert.deepEqual((await collect(stream)).map(({ type }) => type), ['started', 'text', 'done'], `cut at ${cut}`);
    assert.equal((await stream.final()).response, 'Grüße 🌍');
  }
  const tries = fake.requests.filter(({ path }) => path === '/health').length;
  assert.equal(tries, 1); // it does not try a socket again for each question
});

test('tools work over HTTP: calls come with a continuation', async (t) => {
  const bodies = [];
  const { client } = await withClient(t, { chat: (body, write) => {
    bodies.push(body);
    const calls = [{ id: '1', name: 'rows', arguments: { n: 1 } }, { id: '2', name: 'rows', arguments: { n: 2 } }];
    write(sse(body.continuation ? done() : done({ kind: 'tool_calls', calls, continuation: 'sealed', response: '' })));
  } });
  const run = ({ n }) => `row ${n}`;
  const tools = { rows: { description: 'rows', parameters: { type: 'object' }, run } };
  const context = { tasks: [] };
  const events = await collect(client.chat.stream({ message: 'hi', context }, { tools, via: 'sse' }));
  assert.deepEqual(events.map(({ type }) => type), ['tool_call', 'tool_call', 'done']);
  assert.deepEqual(bodies[1], { continuation: 'sealed', context,
    tool_results: [{ id: '1', content: 'row 1' }, { id: '2', content: 'row 2' }] });
});

test('an answer that ends without done fails, and error events throw', async (t) => {
  let end;
  const { client } = await withClient(t, {
    socket: (frame, send, close) => end(send, close), chat: (body, write) => write(sse({ type: 'text', delta: 'x' })),
  });
  end = (send, close) => close(1011);
  await assert.rejects(client.chat.stream({ message: 'x' }).final(), { name: 'StreamClosedError', closeCode: 1011 });
  end = (send) => send({ type: 'error', code: 'llm_error', message: 'no model', request_id: 'r9' });
  await assert.rejects(client.chat.stream({ message: 'x' }).final(), { code: 'llm_error', requestId: 'r9' });
  end = (send) => {
    send({ type: 'error', code: 'tool_result_unexpected', message: 'late', request_id: 'r', id: 'c1' });
    send(done());
  };
  assert.equal((await client.chat.stream({ message: 'x' }).final()).response, 'Hello');
  await assert.rejects(client.chat.stream({ message: 'x' }, { via: 'sse' }).final(), { name: 'StreamClosedError' });
});

test('a refresh whose answer is lost is repeated with the same key, also after a restart', async (t) => {
  const keys = [];
  const next = { ...tokens(), access_token: 'a2', refresh_token: 'b2' };
  let lost = 3;
  const { client, fake } = await withClient(t, { refresh: (request) => {
    keys.push(request.headers['idempotency-key']);
    return lost-- > 0 ? [0] : [200, next];
  } }, { tokenStore: undefined });
  client.close();
  let stored = JSON.stringify({ ...tokens(-1) }); // a file
  const tokenStore = { get: () => JSON.parse(stored), set: (value) => { stored = JSON.stringify(value); } };
  const start = () => new AdiuvaClient({ baseUrl: fake.base, webSocket: WebSocket, tokenStore, maxRetries: 0 });
  await assert.rejects(start().auth.me(), { name: 'ConnectionError' });
  await assert.rejects(start().auth.me(), { name: 'ConnectionError' });
  await assert.rejects(start().auth.me(), { name: 'ConnectionError' });
  await start().auth.me();
  assert.equal(keys.length, 4);
  assert.equal(new Set(keys).size, 1);
  assert.deepEqual(JSON.parse(stored), next);
});

test('a clock that is wrong by 15 minutes costs one refresh', async (t) => {
  for (const minutes of [15, -15]) {
    const serverNow = () => Date.now() - minutes * 60_000;
    let refreshes = 0;
    const fresh = () => ({ ...tokens(), expires_at: serverNow() + 15 * 60_000 });
    const { client } = await withClient(t, {
      date: () => new Date(serverNow()).toUTCString(),
      refresh: () => {
        refreshes++;
        return [200, fresh()];
      },
    }, { tokenStore: memoryTokenStore(fresh()) });
    for (let call = 0; call < 6; call++) await client.auth.me();
    assert.equal(refreshes, minutes > 0 ? 1 : 0, `${minutes} minutes`);
  }
});
