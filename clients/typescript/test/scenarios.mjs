// What the client promises wherever it runs: in Node, in a page, or at the app's origin. Web APIs only.
import { eventually, equal, ok, rejects } from './assert.mjs';
import { backupScenarios } from './scenarios-backups.mjs';
import { planScenarios } from './scenarios-plans.mjs';
import { streamScenarios } from './scenarios-streams.mjs';

/**
 * The scenarios as [{ name, run }], to be run one after the other. `environment` has
 * - `sdk`: the package
 * - `baseUrl`: of the API
 * - `webSocket`: a WebSocket class, if there is no global one
 * - `startProxy()`: starts a proxy to the service (see proxy.mjs)
 * - `pay(page)`: pays on a checkout page
 * - `largeSource(unit, count)`: a backup source of count times the unit
 */
export function scenarios(environment) {
  const { sdk, baseUrl, webSocket } = environment;
  const member = { tokenStore: sdk.memoryTokenStore() }; // an account on the team plan, which may do everything
  const ctx = {
    ...environment,
    member,
    newAccount: () => ({ email: `${crypto.randomUUID()}@example.com`, password: 'correct horse battery' }),
    client: (options) => new sdk.AdiuvaClient({ baseUrl, ...(webSocket ? { webSocket } : {}), ...options }),
    /** A client that records the paths it calls. */
    countingClient: (options) => {
      const calls = [];
      const recordingFetch = (input, init) => {
        calls.push(new URL(input.url ?? input).pathname.replace('/api/v1', ''));
        return fetch(input, init);
      };
      return { calls, client: ctx.client({ ...options, fetch: recordingFetch }) };
    },
    refreshCount: (...clients) => {
      const paths = clients.flatMap(({ calls }) => calls);
      return paths.filter((path) => path === '/auth/refresh').length;
    },
  };
  const all = [
    buyTeamPlan, ...sessionScenarios, ...errorScenarios, ...streamScenarios, ...backupScenarios, ...planScenarios,
    ...tokenScenarios, keyScenario, signOut,
  ];
  return all.map(([name, run]) => ({ name, run: () => run(ctx) }));
}

const buyTeamPlan = ['a team plan is bought', async (ctx) => {
  const client = ctx.client({ tokenStore: ctx.member.tokenStore });
  ctx.member.client = client;
  await client.auth.register(ctx.newAccount());
  await ctx.pay(await client.billing.checkout({ tier: 'team', seats: 2 }));
  await eventually('the plan', async () => (await client.billing.subscription()).status === 'active');
  await client.auth.refresh(); // shows the plan at once
  equal((await client.auth.me()).tier, 'team');
}];

const tokenScenarios = [
  ['a batch answers in order and an invalid item fails alone', async ({ member }) => {
    const results = await member.client.chat.batch([{ message: 'list my tasks' }, { message: ' ' }, { message: 'hello' }]);
    equal(results.map(({ status }) => status).join(), '200,422,200');
    equal(results[1].problem.code, 'validation_failed');
    ok(results[0].response.usage.model_calls > 0, 'no usage');
  }],

  ['a conversation is compacted and tokens are counted', async ({ member }) => {
    const before = await member.client.chat.usage();
    const { summary, context } = await member.client.chat.compact([
      { role: 'user', content: 'The offer for Rossi is due on Friday.' }, { role: 'assistant', content: 'Noted.' },
    ]);
    ok(summary.includes('Rossi'), summary);
    equal(context.history_used, 2);
    const after = await member.client.chat.usage();
    ok(after.tokens_used > before.tokens_used, `${after.tokens_used} tokens`);
    equal(after.tokens_limit, 20_000_000); // two seats
  }],
];

const keyScenario = ['an API key does what its scopes allow, until it is revoked', async (ctx) => {
  const owner = ctx.client();
  await owner.auth.register(ctx.newAccount());
  const created = await owner.keys.create({ name: 'report', scopes: ['agents'] });
  const { calls, client } = ctx.countingClient({ apiKey: created.key });
  ok((await client.chat.agents()).length > 0, 'no agents');
  await rejects(client.auth.me(), (error) => ctx.sdk.isApiError(error, 'scope_required'));
  equal((await owner.keys.list()).map(({ id }) => id), [created.id]);
  await owner.keys.revoke(created.id);
  calls.length = 0;
  await eventually('the revocation', () => client.chat.agents().then(() => false, () => true));
  await rejects(client.chat.agents(), (error) => ctx.sdk.isApiError(error, 'token_invalid'));
  equal(ctx.refreshCount({ calls }), 0);
  const kinds = (await owner.auth.events()).map(({ kind }) => kind);
  ok(kinds.includes('key_created') && kinds.includes('key_revoked'), kinds.join());
  equal((await owner.auth.exportAccount()).keys.length, 1);
  await owner.auth.logoutEverywhere({ keys: true });
  await rejects(owner.auth.me(), (error) => ctx.sdk.isApiError(error, 'token_missing'));
}];

const signOut = ['signing out ends the session', async ({ member, sdk }) => {
  await member.client.auth.logout();
  await rejects(member.client.auth.me(), (error) => sdk.isApiError(error, 'token_missing'));
}];

const sessionScenarios = [
  ['listeners get every change of the auth state', async (ctx) => {
    const { isApiError } = ctx.sdk;
    const client = ctx.client();
    const states = [];
    const removeListener = client.auth.onAuthStateChange((state) => states.push(state));
    const account = ctx.newAccount();
    await client.auth.register(account);
    equal((await client.auth.me()).email, account.email);
    await client.auth.refresh();
    await client.auth.logout();
    const isSignedOut = (error) => isApiError(error, 'token_missing') && error.name === 'AuthenticationError';
    await rejects(client.auth.me(), isSignedOut);
    await client.auth.login(account);
    removeListener();
    await client.auth.logout();
    equal(states, ['signed-in', 'refreshed', 'signed-out', 'signed-in']);
    const wrongPassword = client.auth.login({ ...account, password: 'wrong wrong wrong' });
    await rejects(wrongPassword, (error) => isApiError(error, 'invalid_credentials'));
  }],
  ['20 parallel calls with an expired or rejected token refresh once', async (ctx) => {
    const tokenStore = ctx.sdk.memoryTokenStore();
    const counting = ctx.countingClient({ tokenStore });
    await counting.client.auth.register(ctx.newAccount());
    const expire = (tokens) => ({ ...tokens, expires_at: 0 });
    const corrupt = (tokens) => ({ ...tokens, access_token: `${tokens.access_token}x` });
    for (const spoil of [expire, corrupt]) {
      tokenStore.set(spoil(tokenStore.get()));
      counting.calls.length = 0;
      const profiles = await Promise.all(Array.from({ length: 20 }, () => counting.client.auth.me()));
      equal([profiles.length, ctx.refreshCount(counting)], [20, 1]);
    }
  }],
  ['two windows with one token store refresh once', async (ctx) => {
    let tail = Promise.resolve();
    const lock = (work) => (tail = tail.then(work, work));
    const tokenStore = ctx.sdk.memoryTokenStore();
    const options = { tokenStore, ...(globalThis.navigator?.locks ? {} : { lock }) };
    const windows = [ctx.countingClient(options), ctx.countingClient(options)];
    await windows[0].client.auth.register(ctx.newAccount());
    tokenStore.set({ ...tokenStore.get(), expires_at: 0 });
    await Promise.all(windows.flatMap(({ client }) => Array.from({ length: 5 }, () => client.auth.me())));
    equal(ctx.refreshCount(...windows), 1);
  }],
  ['a rejected refresh signs out, a failed one does not', async (ctx) => {
    const tokenStore = ctx.sdk.memoryTokenStore();
    const client = ctx.client({ tokenStore, maxRetries: 0 });
    await client.auth.register(ctx.newAccount());
    const valid = tokenStore.get();
    tokenStore.set({ ...valid, expires_at: 0 });
    const proxy = await ctx.startProxy();
    await proxy.set({ down: true });
    const offline = ctx.client({ baseUrl: proxy.base, tokenStore, maxRetries: 0 });
    await rejects(offline.auth.me(), 'ConnectionError');
    await proxy.close();
    ok(tokenStore.get(), 'signed out');
    tokenStore.set({ ...valid, refresh_token: 'nonsense', expires_at: 0 });
    await rejects(client.auth.me(), (error) => ctx.sdk.isApiError(error, 'refresh_invalid'));
    equal(tokenStore.get(), null);
  }],
];

const errorScenarios = [
  ['errors name the code, the field and the request', async (ctx) => {
    const { isAdiuvaError, isApiError } = ctx.sdk;
    await rejects(ctx.member.client.chat.send({ message: '' }), (error) => isApiError(error, 'validation_failed')
      && error.errors[0].pointer === '/message' && error.requestId.length > 0 && isAdiuvaError(error));
    const client = ctx.client();
    await client.auth.register(ctx.newAccount());
    const needsPlan = (error) => isApiError(error, 'tier_required') && error.problem.required.includes('pro');
    for (const onProgress of [undefined, () => undefined]) {
      await rejects(client.backups.upload(new Blob(['x']), { version: 1, onProgress }), needsPlan);
    }
  }],
  ['a call without a response ends by timeout or abort', async (ctx) => {
    const proxy = await ctx.startProxy();
    await proxy.set({ mute: true });
    const client = ctx.client({ baseUrl: proxy.base, maxRetries: 0 });
    await rejects(client.billing.tiers({ timeoutMs: 100 }), 'TimeoutError');
    const controller = new AbortController();
    const { signal } = controller;
    const before = (await proxy.state()).connections;
    const calls = [
      client.billing.tiers({ signal }),
      client.backups.upload(new Blob(['x']), { version: 1, signal, onProgress: () => undefined }),
    ];
    const rejections = Promise.all(calls.map((call) => rejects(call, 'AbortError')));
    await eventually('both calls', async () => (await proxy.state()).connections >= before + 2);
    controller.abort();
    await rejections;
    await rejects(client.billing.tiers({ signal }), 'AbortError');
    await proxy.close();
  }],
  ['requests carry the origin of the page', async (ctx) => {
    const proxy = await ctx.startProxy();
    const client = ctx.client({ baseUrl: proxy.base, tokenStore: ctx.member.tokenStore });
    equal((await client.auth.me()).tier, 'team');
    const origin = /^origin: (.*)$/im.exec((await proxy.state()).sent)?.[1] ?? null;
    equal(origin, globalThis.location?.origin ?? null);
    await proxy.close();
  }],
];
