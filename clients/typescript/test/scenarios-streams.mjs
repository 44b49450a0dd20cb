// Scenarios of chat streams; see scenarios.mjs.
import { equal, ok, rejects } from './assert.mjs';

/** Reads a stream to its end. Returns its text and last event. */
async function readAll(stream) {
  let text = '';
  for await (const delta of stream.text()) text += delta;
  return { text, last: await stream.final() };
}

export const streamScenarios = [
  ['a stream yields the answer token by token and reuses its socket', async (ctx) => {
    const proxy = await ctx.startProxy();
    const client = ctx.client({ baseUrl: proxy.base, tokenStore: ctx.member.tokenStore });
    for (let n = 0; n < 3; n++) {
      const { text, last } = await readAll(client.chat.stream({ message: "create a task 'Call Anna' for tomorrow" }));
      equal([last.kind, text, last.actions.length], ['response', last.response, 1]);
    }
    equal((await proxy.state()).connections, 1);
    const plan = await readAll(client.chat.stream({ message: 'plan my week', execution_mode: 'plan' }));
    equal(plan.last.kind, 'plan');
    client.close();
    await proxy.close();
  }],
  ['leaving the loop or aborting closes the stream', async (ctx) => {
    const proxy = await ctx.startProxy();
    const client = ctx.client({ baseUrl: proxy.base, tokenStore: ctx.member.tokenStore });
    let first = '';
    for await (const delta of client.chat.stream({ message: 'list my open tasks' }).text()) {
      first = delta;
      break;
    }
    ok(first.length > 0, 'no text before the break');
    const controller = new AbortController();
    const { signal } = controller;
    await rejects((async () => {
      for await (const _ of client.chat.stream({ message: 'list my open tasks' }, { signal })) controller.abort();
    })(), 'AbortError');
    equal((await proxy.state()).connections, 2); // neither socket was kept for the next message
    await proxy.close();
  }],
  ['a cut stream throws StreamClosedError and is not retried', async (ctx) => {
    const proxy = await ctx.startProxy();
    const client = ctx.client({ baseUrl: proxy.base, tokenStore: ctx.member.tokenStore });
    await proxy.set({ cutAfter: 10 });
    const message = `write a long answer about ${'tasks '.repeat(50)}`;
    await rejects(readAll(client.chat.stream({ message })), 'StreamClosedError');
    equal((await proxy.state()).connections, 1);
    await proxy.set({ down: true });
    await rejects(readAll(client.chat.stream({ message: 'x' }, { timeoutMs: 1_000 })), 'TimeoutError');
    await proxy.close();
  }],
  ['a stream survives a path that dies without a sign', async (ctx) => {
    const proxy = await ctx.startProxy();
    const client = ctx.client({ baseUrl: proxy.base, tokenStore: ctx.member.tokenStore });
    const ask = () => readAll(client.chat.stream({ message: 'list my open tasks' }, { timeoutMs: 15_000 }));
    await ask();
    await new Promise((resolve) => setTimeout(resolve, 1_100)); // a socket that was just heard is trusted
    await proxy.set({ freeze: true });
    equal((await ask()).last.kind, 'response'); // on a new socket
    equal((await proxy.state()).connections, 2);
    client.close();
    await proxy.set({ freezeAfter: 10 });
    await rejects(ask(), 'StreamClosedError'); // while it runs
    equal((await ask()).last.kind, 'response');
    client.close();
    await proxy.close();
  }],
  ['events come over HTTP where sockets cannot be opened', async (ctx) => {
    class Refused extends EventTarget {
      readyState = 3;
      constructor() {
        super();
        setTimeout(() => this.dispatchEvent(Object.assign(new Event('close'), { code: 1006, reason: '' })));
      }
      close() {}
    }
    const client = ctx.client({ webSocket: Refused, tokenStore: ctx.member.tokenStore });
    const types = [];
    const stream = client.chat.stream({ message: "create a task 'Call Anna' for tomorrow" });
    for await (const { type } of stream) types.push(type);
    equal([types[0], types.at(-1), types.includes('text')], ['started', 'done', true]);
    equal((await stream.final()).actions.length, 1);
  }],
  ['a stream refreshes a rejected token', async (ctx) => {
    const tokenStore = ctx.sdk.memoryTokenStore();
    const counting = ctx.countingClient({ tokenStore });
    await counting.client.auth.register(ctx.newAccount());
    tokenStore.set({ ...tokenStore.get(), access_token: `${tokenStore.get().access_token}x` });
    equal((await readAll(counting.client.chat.stream({ message: 'list my open tasks' }))).last.kind, 'response');
    equal(ctx.refreshCount(counting), 1);
    counting.client.close();
  }],
];
