// What the client promises, wherever it runs: Node, a page, or the app's own origin. Web APIs alone.
import { eventually, equal, ok, rejects } from './assert.mjs';
import { backups } from './scenarios-backups.mjs';
import { plans } from './scenarios-plans.mjs';
import { streams } from './scenarios-streams.mjs';

/**
 * The scenarios as [{ name, run }], to be run one after another. They get `sdk`, the package; `baseUrl` of the service;
 * `webSocket` where there is no global one; `wire()`, a connection of its own that can be cut (proxy.mjs); `pay(page)`, a
 * person who pays at Stripe's stand-in; and `large(unit, count)`, an upload of count times the unit.
 */
export function scenarios(given) {
  const { sdk, baseUrl, webSocket } = given;
  const member = { tokenStore: sdk.memoryTokenStore() }; // of a team, so that it may do everything
  const context = {
    ...given, member,
    account: () => ({ email: `${crypto.randomUUID()}@example.com`, password: 'correct horse battery' }),
    client: (options) => new sdk.AdiuvaClient({ baseUrl, ...(webSocket ? { webSocket } : {}), ...options }),
    /** A client that counts its calls by path. */
    counted: (options) => {
      const calls = [];
      const record = (input, init) => { calls.push(new URL(input.url ?? input).pathname.replace('/api/v1', '')); return fetch(input, init); };
      return { calls, client: context.client({ ...options, fetch: record }) };
    },
    refreshes: (...all) => all.flatMap(({ calls }) => calls).filter((path) => path === '/auth/refresh').length,
  };
  return [buy, ...sessions, ...errors, ...streams, ...backups, ...plans, leave].map(([name, run]) => ({ name, run: () => run(context) }));
}

const buy = ['a team plan is bought', async (it) => {
  it.member.client = it.client({ tokenStore: it.member.tokenStore });
  await it.member.client.auth.register(it.account());
  await it.pay(await it.member.client.billing.checkout({ tier: 'team', seats: 2 }));
  await eventually('the plan', async () => (await it.member.client.billing.subscription()).status === 'active');
  await it.member.client.auth.refresh(); // which shows it at once
  equal((await it.member.client.auth.me()).tier, 'team');
}];

const leave = ['sign out at the end', async ({ member, sdk }) => {
  await member.client.auth.logout();
  await rejects(member.client.auth.me(), (error) => sdk.isApiError(error, 'token_missing'));
}];

const sessions = [
  ['sign in, states, sign out', async (it) => {
    const { isApiError } = it.sdk;
    const client = it.client();
    const states = [];
    const quiet = client.auth.onAuthStateChange((state) => states.push(state));
    const who = it.account();
    await client.auth.register(who);
    equal((await client.auth.me()).email, who.email);
    await client.auth.refresh();
    await client.auth.logout();
    await rejects(client.auth.me(), (error) => isApiError(error, 'token_missing') && error.name === 'AuthenticationError');
    await client.auth.login(who);
    quiet();
    await client.auth.logout();
    equal(states, ['signed-in', 'refreshed', 'signed-out', 'signed-in']);
    await rejects(client.auth.login({ ...who, password: 'wrong wrong wrong' }), (error) => isApiError(error, 'invalid_credentials'));
  }],
  ['20 parallel calls after expiry: one refresh', async (it) => {
    const tokenStore = it.sdk.memoryTokenStore();
    const one = it.counted({ tokenStore });
    await one.client.auth.register(it.account());
    for (const spoil of [(t) => ({ ...t, expires_at: 0 }), (t) => ({ ...t, access_token: `${t.access_token}x` })]) {
      tokenStore.set(spoil(tokenStore.get()));
      one.calls.length = 0;
      const answers = await Promise.all(Array.from({ length: 20 }, () => one.client.auth.me()));
      equal([answers.length, it.refreshes(one)], [20, 1]);
    }
  }],
  ['two windows on one store: one refresh', async (it) => {
    let tail = Promise.resolve();
    const inTurn = (work) => (tail = tail.then(work, work));
    const tokenStore = it.sdk.memoryTokenStore();
    const options = { tokenStore, ...(globalThis.navigator?.locks ? {} : { lock: inTurn }) };
    const [one, other] = [it.counted(options), it.counted(options)];
    await one.client.auth.register(it.account());
    tokenStore.set({ ...tokenStore.get(), expires_at: 0 });
    await Promise.all([one, other].flatMap(({ client }) => Array.from({ length: 5 }, () => client.auth.me())));
    equal(it.refreshes(one, other), 1);
  }],
  ['a refused refresh signs out; one that cannot be sent does not', async (it) => {
    const tokenStore = it.sdk.memoryTokenStore();
    const client = it.client({ tokenStore, maxRetries: 0 });
    await client.auth.register(it.account());
    const good = tokenStore.get();
    tokenStore.set({ ...good, expires_at: 0 });
    const line = await it.wire();
    await line.set({ down: true });
    await rejects(it.client({ baseUrl: line.base, tokenStore, maxRetries: 0 }).auth.me(), 'ConnectionError');
    await line.close();
    ok(tokenStore.get(), 'signed out');
    tokenStore.set({ ...good, refresh_token: 'nonsense', expires_at: 0 });
    await rejects(client.auth.me(), (error) => it.sdk.isApiError(error, 'refresh_invalid'));
    equal(tokenStore.get(), null);
  }],
];

const errors = [
  ['errors say what is wrong', async (it) => {
    const { isAdiuvaError, isApiError } = it.sdk;
    await rejects(it.member.client.chat.send({ message: '' }), (error) =>
      isApiError(error, 'validation_failed') && error.errors[0].pointer === '/message' && error.requestId.length > 0 && isAdiuvaError(error));
    const client = it.client();
    await client.auth.register(it.account());
    for (const onProgress of [undefined, () => undefined]) {
      await rejects(client.backups.upload(new Blob(['x']), { version: 1, onProgress }), (error) => isApiError(error, 'tier_required') && error.problem.required.includes('pro'));
    }
  }],
  ['a call that hangs: its time is over, or it is aborted', async (it) => {
    const line = await it.wire();
    await line.set({ mute: true });
    const client = it.client({ baseUrl: line.base, maxRetries: 0 });
    await rejects(client.billing.tiers({ timeoutMs: 100 }), 'TimeoutError');
    const stop = new AbortController();
    const before = (await line.state()).connections;
    const calls = [client.billing.tiers({ signal: stop.signal }), client.backups.upload(new Blob(['x']), { version: 1, signal: stop.signal, onProgress: () => undefined })];
    const refused = Promise.all(calls.map((call) => rejects(call, 'AbortError')));
    await eventually('both calls', async () => (await line.state()).connections >= before + 2);
    stop.abort();
    await refused;
    await rejects(client.billing.tiers({ signal: stop.signal }), 'AbortError');
    await line.close();
  }],
  ['the service sees the origin', async (it) => {
    const line = await it.wire();
    equal((await it.client({ baseUrl: line.base, tokenStore: it.member.tokenStore }).auth.me()).tier, 'team');
    const seen = /^origin: (.*)$/im.exec((await line.state()).sent)?.[1] ?? null;
    equal(seen, globalThis.location?.origin ?? null);
    await line.close();
  }],
];
