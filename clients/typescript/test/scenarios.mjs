// What the client promises wherever it runs: in Node, in a page, or at the app's origin. Web APIs only.
import { eventually, equal, ok, rejects } from './assert.mjs';
import { backupScenarios } from './scenarios-backups.mjs';
import { planScenarios } from './scenarios-plans.mjs';
import { streamScenarios } from './scenarios-streams.mjs';
import { toolScenarios } from './scenarios-tools.mjs';

/**
 * The scenarios as [{ name, run }], to be run one after the other. `environment` has
 * - `sdk`: the package
 * - `baseUrl`: of the API
 * - `replicas`: base URLs of the services for the scenarios of tools
 * - `sqlite`: a library of SQLite: its name as `engine`, and `open()`
 * - `webSocket`: a WebSocket class, if there is no global one
 * - `startProxy(target)`: starts a proxy to the API at a base URL, `baseUrl` by default (see proxy.mjs)
 * - `pay(page)`: pays on a checkout page
 * - `mailedCode(address, nth)`: the code in the nth mail with a code to the address
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
    ...tokenScenarios, ...toolScenarios(environment.sqlite.engine), askAgain, keyScenario, mailScenario, signOut,
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

  ['a team is named and has its owner in it', async ({ member, sdk }) => {
    const { team } = member.client;
    equal((await team.get()).role, 'owner');
    equal((await team.rename('Design')).name, 'Design');
    const [owner] = await team.members();
    equal(owner.has_seat, true);
    equal((await team.invitations()).length, 0);
    await rejects(team.invite('grace@example.com'), (error) => sdk.isApiError(error, 'email_unverified'));
    await rejects(team.remove(owner.user_id), (error) => sdk.isApiError(error, 'owner_cannot_leave'));
    await rejects(team.join('K7QM2X 9TBH4W'), (error) => sdk.isApiError(error, 'email_unverified'));
  }],
];

/** Comes long after the answer was lost: for 10 seconds the server takes the replaced token without the key as well. */
const askAgain = ['a refresh whose answer was lost is asked for again after a restart', async ({ lost }) => {
  const { proxy, tokenStore, restart, refresh_token, at } = lost;
  ok(performance.now() - at > 10_000, 'too early');
  await restart().auth.refresh();
  ok(tokenStore.get().refresh_token !== refresh_token && !tokenStore.get().refresh_key, 'not refreshed');
  tokenStore.set({ ...tokenStore.get(), expires_at: 0 });
  await restart().auth.me();
  const keys = (await proxy.state()).sent.match(/^idempotency-key: .*$/gim);
  equal([keys.length >= 5, new Set(keys).size], [true, 2]); // the same for all but the last
  await proxy.close();
}];

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

const mailScenario = ['an address is verified and changed, and a lost password replaced, with mailed codes', async (ctx) => {
  const { isApiError } = ctx.sdk;
  const owner = ctx.client();
  const account = ctx.newAccount();
  await owner.auth.register(account);
  equal((await owner.auth.me()).email_verified, false);
  await rejects(owner.auth.confirmEmailVerification('0000 0000'), (error) => isApiError(error, 'code_invalid'));
  await owner.auth.confirmEmailVerification(await ctx.mailedCode(account.email));
  equal((await owner.auth.me()).email_verified, true);

  const { email } = ctx.newAccount();
  await owner.auth.changeEmail({ email, password: account.password });
  await owner.auth.confirmEmailChange(await ctx.mailedCode(email));
  equal((await owner.auth.me()).email, email);

  const stranger = ctx.client();
  const { handle } = await stranger.auth.requestPasswordReset({ email });
  const unknown = await stranger.auth.requestPasswordReset({ email: ctx.newAccount().email });
  equal(unknown.handle.length, handle.length);
  const reset = { handle, code: await ctx.mailedCode(email, 2), new_password: 'staple battery horse' };
  await rejects(stranger.auth.confirmPasswordReset({ ...reset, new_password: 'short' }),
    (error) => isApiError(error, 'validation_failed'));
  await stranger.auth.confirmPasswordReset(reset);
  await rejects(stranger.auth.confirmPasswordReset(reset), (error) => isApiError(error, 'code_invalid'));
  await rejects(owner.auth.refresh(), (error) => isApiError(error) && error.status === 401); // every session has ended
  await owner.auth.login({ email, password: reset.new_password });
  await owner.auth.logout();
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
  ['the answer of a refresh is lost', async (ctx) => {
    const proxy = await ctx.startProxy();
    let file = 'null';
    const tokenStore = { get: () => JSON.parse(file), set: (tokens) => { file = JSON.stringify(tokens); } };
    const restart = () => ctx.client({ baseUrl: proxy.base, tokenStore, maxRetries: 0 });
    await restart().auth.register(ctx.newAccount());
    const { refresh_token } = tokenStore.get();
    await proxy.set({ lose: 'POST /api/v1/auth/refresh' });
    for (let lost = 0; lost < 3; lost++) await rejects(restart().auth.refresh(), 'ConnectionError');
    equal(tokenStore.get().refresh_token, refresh_token);
    await proxy.set({ lose: null });
    ctx.lost = { proxy, tokenStore, restart, refresh_token, at: performance.now() }; // for askAgain
  }],
  ['a clock that is wrong by 20 minutes costs at most one refresh', async (ctx) => {
    const { now } = Date;
    for (const [minutes, refreshes] of [[20, 1], [-20, 0]]) {
      const counting = ctx.countingClient();
      await counting.client.auth.register(ctx.newAccount());
      try {
        Date.now = () => now() + minutes * 60_000;
        for (let n = 0; n < 6; n++) await counting.client.auth.me();
      } finally {
        Date.now = now;
      }
      equal([minutes, ctx.refreshCount(counting)], [minutes, refreshes]);
    }
  }],
  ['what needs a mailed code is asked for, and refused without it', async (ctx) => {
    const { auth } = ctx.client();
    const account = ctx.newAccount();
    await auth.register(account);
    const isRefused = (error) => ctx.sdk.isApiError(error, 'code_invalid');
    const code = '00000000';
    await auth.requestEmailVerification();
    await rejects(auth.confirmEmailVerification(code), isRefused);
    await auth.changeEmail({ ...ctx.newAccount(), password: account.password });
    await rejects(auth.confirmEmailChange(code), isRefused);
    const { handle } = await auth.requestPasswordReset({ email: account.email });
    await rejects(auth.confirmPasswordReset({ handle, code, new_password: 'other horse battery' }), isRefused);
    equal((await auth.me()).email, account.email);
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
    const impatient = ctx.client({ baseUrl: proxy.base, timeoutMs: 100 });
    await rejects(impatient.chat.stream({ message: 'hello' }, { via: 'sse' }).final(), 'TimeoutError');
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
