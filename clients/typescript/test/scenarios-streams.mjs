// Scenarios of chat streams; see scenarios.mjs.
import { equal, ok, rejects } from './assert.mjs';

/** Reads a stream to its end. Returns its text and last frame. */
async function readAll(stream) {
  let text = '';
  for (;;) {
    const { done, value } = await stream.next();
    if (done) return { text, last: value };
    text += value;
  }
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
    for await (const token of client.chat.stream({ message: 'list my open tasks' })) {
      first = token;
      break;
    }
    ok(first.length > 0, 'no token before the break');
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
