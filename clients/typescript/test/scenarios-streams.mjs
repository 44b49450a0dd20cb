// Chat streams: tokens, breaks, cuts. See scenarios.mjs.
import { equal, ok, rejects } from './assert.mjs';

async function drain(stream) {
  let text = '';
  for (;;) {
    const { done, value } = await stream.next();
    if (done) return { text, last: value };
    text += value;
  }
}

export const streams = [
  ['a stream: tokens are the answer, the socket is used again', async (it) => {
    const line = await it.wire();
    const client = it.client({ baseUrl: line.base, tokenStore: it.member.tokenStore });
    for (let n = 0; n < 3; n++) {
      const { text, last } = await drain(client.chat.stream({ message: "create a task 'Call Anna' for tomorrow" }));
      equal([last.kind, text, last.actions.length], ['response', last.response, 1]);
    }
    equal((await line.state()).connections, 1);
    const plan = await drain(client.chat.stream({ message: 'plan my week', execution_mode: 'plan' }));
    equal(plan.last.kind, 'plan');
    client.close();
    await line.close();
  }],
  ['a stream: break closes, abort aborts', async (it) => {
    const line = await it.wire();
    const client = it.client({ baseUrl: line.base, tokenStore: it.member.tokenStore });
    let seen = '';
    for await (const token of client.chat.stream({ message: 'list my open tasks' })) { seen = token; break; }
    ok(seen.length > 0, 'no token before the break');
    const stop = new AbortController();
    await rejects((async () => {
      for await (const _ of client.chat.stream({ message: 'list my open tasks' }, { signal: stop.signal })) stop.abort();
    })(), 'AbortError');
    equal((await line.state()).connections, 2); // neither left a socket that speaks for the next message
    await line.close();
  }],
  ['a stream that is cut is no answer and is not repeated', async (it) => {
    const line = await it.wire();
    const client = it.client({ baseUrl: line.base, tokenStore: it.member.tokenStore });
    await line.set({ cutAfter: 10 });
    await rejects(drain(client.chat.stream({ message: `write a long answer about ${'tasks '.repeat(50)}` })), 'StreamClosedError');
    equal((await line.state()).connections, 1);
    await line.set({ down: true });
    await rejects(drain(client.chat.stream({ message: 'x' }, { timeoutMs: 1_000 })), 'TimeoutError');
    await line.close();
  }],
  ['a stream renews a token that is refused', async (it) => {
    const tokenStore = it.sdk.memoryTokenStore();
    const one = it.counted({ tokenStore });
    await one.client.auth.register(it.account());
    tokenStore.set({ ...tokenStore.get(), access_token: `${tokenStore.get().access_token}x` });
    equal((await drain(one.client.chat.stream({ message: 'list my open tasks' }))).last.kind, 'response');
    equal(it.refreshes(one), 1);
    one.client.close();
  }],
];
