// Signing in with a provider: what the package opens, sends and shows, against a stand-in for the service's operations.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { AdiuvaClient, TimeoutError, isApiError, memoryTokenStore } from '@adiuva/api-client';
import { changePassword, deleteAccount, removeTeamSso, setTeamSso, teamSso } from '@adiuva/api-client/account';
import {
  SignInError, finishSignIn, linkAccount, providers, requestLinkCode, signInWith, startSignIn,
} from '@adiuva/api-client/sign-in';

const tokens = { access_token: 'access', refresh_token: 'refresh', expires_at: Date.now() + 3_600_000 };
const problem = (status, code, more) => ({ status, body: { code, status, title: code, detail: code, ...more } });
let server;
let requests = [];
let answers = {}; // by method and path; others answer tokens

before(async () => {
  server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const path = new URL(request.url, 'http://x').pathname.replace('/api/v1', '');
    const body = text && JSON.parse(text);
    requests.push({ method: request.method, path, body, authorization: request.headers.authorization });
    const answer = answers[`${request.method} ${path}`] ?? { status: 200, body: tokens };
    response.writeHead(answer.status, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(answer.body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
after(() => { server.close(); server.closeAllConnections(); });

function newClient(stored = null) {
  [requests, answers] = [[], {}];
  const tokenStore = memoryTokenStore(stored);
  const client = new AdiuvaClient({ baseUrl: `http://127.0.0.1:${server.address().port}/api/v1/`, tokenStore });
  const states = [];
  client.auth.onAuthStateChange((state) => states.push(state));
  return { client, tokenStore, states };
}

/** What the browser would do: it comes back with these parameters, and keeps the page that it gets. */
function browser(parameters) {
  const opened = [];
  const pages = [];
  const open = async (url) => {
    opened.push(new URL(url));
    const query = opened[0].searchParams;
    const back = new URL(query.get('redirect_uri'));
    for (const each of [parameters].flat()) {
      const values = { state: query.get('state'), ...each };
      back.search = new URLSearchParams(values);
      pages.push(fetch(back).then(async (response) => ({ status: response.status, headers: response.headers,
        text: await response.text() })));
      if (values.state !== query.get('state')) await pages.at(-1);
    }
  };
  return { open, opened, page: (n = 0) => pages[n] };
}

test('the browser goes to the provider and comes back to a port of the app', async () => {
  const { client, tokenStore, states } = newClient({ ...tokens, access_token: 'of before', expires_at: 0 });
  const { open, opened, page } = browser({ code: 'the code' });
  assert.deepEqual(await signInWith(client, { email: 'ada+1@example.com', open }), tokens);
  const [url] = opened;
  assert.equal(url.href.split('?')[0], `${client.baseUrl}/auth/sso/start`);
  const query = Object.fromEntries(url.searchParams);
  assert.deepEqual(Object.keys(query).sort(),
    ['code_challenge', 'code_challenge_method', 'email', 'redirect_uri', 'state']);
  assert.equal(query.email, 'ada+1@example.com');
  assert.equal(query.code_challenge_method, 'S256');
  assert.match(query.redirect_uri, /^http:\/\/127\.0\.0\.1:\d+\/signed-in$/);
  assert.ok(query.state.length >= 43);
  const [{ path, body, authorization }, ...others] = requests;
  assert.deepEqual([path, body.code, authorization, others], ['/auth/sso/token', 'the code', undefined, []]);
  assert.equal(createHash('sha256').update(body.code_verifier).digest('base64url'), query.code_challenge);
  assert.deepEqual([await tokenStore.get(), states], [tokens, ['signed-in']]);
  const { status, text, headers } = await page();
  assert.equal(status, 200);
  assert.match(text, /<h1>You are signed in<\/h1>[^]*You can close this page/);
  assert.match(headers.get('content-security-policy'), /^default-src 'none'/);
  assert.equal(headers.get('referrer-policy'), 'no-referrer');
  await assert.rejects(fetch(query.redirect_uri), 'the port is still open');
});

test('a page of another sign-in is answered, and the wait goes on', async () => {
  const { client } = newClient();
  const { open, page } = browser([{ state: 'another', code: 'stolen' }, { state: '', code: 'x' }, { code: 'right' }]);
  await signInWith(client, { provider: 'google', open });
  assert.deepEqual(requests.map(({ body }) => body.code), ['right']);
  assert.equal((await page()).status, 400);
  assert.match((await page()).text, /This page is no longer valid/);
});

test('what the browser brings back in place of a code is thrown, and shown with its code', async () => {
  for (const [error, code] of [['sso_failed', 'sso_failed'], ['not_found', 'not_found'],
    ['<script>alert(1)</script>', 'sso_failed'], ['', 'sso_failed']]) {
    const { client, states } = newClient();
    const { open, page } = browser({ error });
    const thrown = await signInWith(client, { provider: 'google', open }).catch((e) => e);
    assert.ok(thrown instanceof SignInError && thrown.code === code, String(thrown));
    const { text } = await page();
    assert.match(text, new RegExp(`You are not signed in[^]*<code>${code}</code>`));
    assert.doesNotMatch(text, /<script/);
    assert.deepEqual([requests, states], [[], []]);
  }
});

test('what the service refuses is thrown, and shown with its code', async () => {
  const { client } = newClient();
  answers['POST /auth/sso/token'] = problem(409, 'seats_exhausted');
  const { open, page } = browser({ code: 'x' });
  await assert.rejects(signInWith(client, { email: 'a@b.de', open }), (error) => isApiError(error, 'seats_exhausted'));
  assert.match((await page()).text, /<code>seats_exhausted<\/code>/);
});

test('an account of the same address is linked by its password or a mailed code', async () => {
  const { client, states } = newClient();
  answers['POST /auth/sso/token'] = problem(401, 'link_required', { ticket: 'the ticket' });
  const { open, page } = browser({ code: 'x' });
  const error = await signInWith(client, { provider: 'google', open }).catch((e) => e);
  assert.ok(isApiError(error, 'link_required'), String(error));
  assert.match((await page()).text, /One more step/);
  const { ticket } = error.problem;
  await requestLinkCode(client, ticket);
  await linkAccount(client, { ticket, code: '12345678', second_factor: '123456' });
  assert.deepEqual(requests.slice(1).map(({ path, body }) => [path, body]), [
    ['/auth/sso/link/code', { ticket }],
    ['/auth/sso/link', { ticket, code: '12345678', second_factor: '123456' }],
  ]);
  assert.deepEqual(states, ['signed-in']);
});

test('the wait ends with its time or the app\'s signal, and closes the port', async () => {
  const { client } = newClient();
  let address;
  const open = (url) => { address = new URL(url).searchParams.get('redirect_uri'); };
  await assert.rejects(signInWith(client, { provider: 'google', open, timeoutMs: 50 }), TimeoutError);
  await assert.rejects(fetch(address));
  const controller = new AbortController();
  const leave = (url) => { open(url); controller.abort(new Error('the person closed the window')); };
  await assert.rejects(signInWith(client, { provider: 'google', open: leave, signal: controller.signal }), /closed the/);
  await assert.rejects(fetch(address));
  const failing = () => { throw new Error('no browser'); };
  await assert.rejects(signInWith(client, { provider: 'google', open: failing }), /no browser/);
});

test('an app with a scheme of its own finishes with the URL that it was opened with', async () => {
  const { client, states } = newClient();
  const signIn = await startSignIn(client, { provider: 'google' }, 'adiuva://auth');
  assert.equal(new URL(signIn.url).searchParams.get('redirect_uri'), 'adiuva://auth');
  await assert.rejects(finishSignIn(client, signIn, 'adiuva://auth?code=x&state=another'), /another sign-in/);
  await assert.rejects(finishSignIn(client, signIn, 'adiuva://auth?code=x'), /another sign-in/);
  assert.deepEqual(requests, []);
  await finishSignIn(client, signIn, `adiuva://auth?code=x&state=${signIn.state}`);
  assert.deepEqual(requests[0].body, { code: 'x', code_verifier: signIn.code_verifier });
  assert.deepEqual(states, ['signed-in']);
  const other = await startSignIn(client, { provider: 'google' }, 'adiuva://auth');
  assert.notEqual(other.state, signIn.state);
  assert.notEqual(other.code_verifier, signIn.code_verifier);
});

test('providers, passwords, accounts and the team\'s provider have their calls', async () => {
  const { client, tokenStore } = newClient(tokens);
  answers['GET /auth/sso/providers'] = { status: 200, body: [{ name: 'google' }] };
  assert.deepEqual(await providers(client), [{ name: 'google' }]);
  await changePassword(client, { current_password: 'a', new_password: 'b' });
  await teamSso(client);
  const connection = { issuer: 'https://idp.test', client_id: 'a', domains: ['example.com'] };
  await setTeamSso(client, connection);
  await removeTeamSso(client);
  await deleteAccount(client, { end_team: true });
  assert.deepEqual(requests.slice(0, 6).map(({ method, path, authorization }) => [`${method} ${path}`, authorization]), [
    ['GET /auth/sso/providers', undefined],
    ['PUT /auth/password', 'Bearer access'],
    ['GET /team/sso', 'Bearer access'],
    ['PUT /team/sso', 'Bearer access'],
    ['DELETE /team/sso', 'Bearer access'],
    ['POST /auth/me/deletion', 'Bearer access'],
  ]);
  assert.equal(await tokenStore.get(), null);
});
