// Adds passkeys and signs in with them on the service's page, with Chromium's virtual authenticator in place of a
// device. BASE is the service's address.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { launch, looks, openWindow, overflow, screenshot } from './browser.mjs';

const api = `${process.env.BASE}/api/v1`;
const site = process.env.BASE.replace('127.0.0.1', 'localhost'); // passkeys belong to names
const password = 'correct horse battery';
let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

/** Calls the API and returns the answer's status and JSON. */
async function call(method, path, body, token) {
  const response = await fetch(api + path, {
    method,
    headers: { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) },
    body: body && JSON.stringify(body),
  });
  return { status: response.status, json: await response.json() };
}

async function register(email) {
  const { status, json } = await call('POST', '/auth/register', { email, password });
  assert.equal(status, 201);
  return json.access_token;
}

async function startRegistration(token) {
  const { status, json } = await call('POST', '/auth/passkeys/registration', { password, name: 'This test' }, token);
  assert.equal(status, 201);
  assert.ok(json.url.startsWith(`${site}/passkeys#`), json.url);
  return json;
}

/** Opens a window whose device has an authenticator, or none. */
async function openDevice(look, { allow = [], verified = true } = {}) {
  const view = await openWindow(browser, look, { allow: [site, ...allow] });
  const cdp = await view.context.newCDPSession(view.page);
  await cdp.send('WebAuthn.enable');
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true,
      isUserVerified: verified, automaticPresenceSimulation: true,
    },
  });
  return { ...view, cdp, authenticatorId };
}

const heading = (view, name) => view.page.getByRole('heading', { name, exact: true }).waitFor();
const press = (view, name) => view.page.getByRole('button', { name, exact: true }).click();

/** An app that waits for its sign-in on a port of its own. */
async function waitingApp() {
  let arrived;
  const redirected = new Promise((resolve) => { arrived = resolve; });
  const server = createServer((request, response) => {
    if (request.url.startsWith('/done')) arrived(new URL(request.url, 'http://127.0.0.1'));
    response.setHeader('Content-Type', 'text/html');
    response.end('<title>App</title><link rel="icon" href="data:,">Back in the app');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref(); // a test that fails does not keep the process
  const verifier = randomBytes(32).toString('base64url');
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    verifier,
    challenge: createHash('sha256').update(verifier).digest('base64url'),
    redirected,
    close: () => server.close(),
  };
}

async function startLogin(app) {
  const { status, json } = await call('POST', '/auth/passkeys/login', {
    redirect_uri: `${app.origin}/done`, code_challenge: app.challenge, state: 'the app & its state',
  });
  assert.equal(status, 201);
  return json.url;
}

for (const look of looks) {
  test(`a passkey is added and signs an app in, ${look.name}`, async () => {
    const token = await register(`${look.name}@example.com`);
    const app = await waitingApp();
    const view = await openDevice(look, { allow: [app.origin] });
    await view.page.goto((await startRegistration(token)).url);
    await heading(view, 'Add a passkey');
    assert.equal(view.page.url(), `${site}/passkeys`, 'the ticket stays in the address');
    assert.ok((await overflow(view.page)) <= 0, 'the page is wider than its window');
    await screenshot(view, 'passkey-add');
    await press(view, 'Add the passkey');
    await heading(view, 'The passkey is added');
    const back = view.page.getByRole('link', { name: 'Back to Adiuva' });
    assert.equal(await back.getAttribute('href'), 'adiuva://passkeys');
    await screenshot(view, 'passkey-added');
    const { json: list } = await call('GET', '/auth/passkeys', undefined, token);
    assert.deepEqual(list.map((p) => p.name), ['This test']);

    await view.page.goto(await startLogin(app));
    await heading(view, 'Sign in with a passkey');
    await screenshot(view, 'passkey-sign-in');
    await press(view, 'Sign in');
    const landed = await app.redirected;
    assert.equal(landed.searchParams.get('state'), 'the app & its state');
    await view.page.getByText('Back in the app').waitFor();
    const { status, json } = await call('POST', '/auth/passkeys/token', {
      code: landed.searchParams.get('code'), code_verifier: app.verifier,
    });
    assert.equal(status, 200);
    const me = await call('GET', '/auth/me', undefined, json.access_token);
    assert.equal(me.json.email, `${look.name}@example.com`);
    assert.deepEqual(view.faults, []);
    await view.context.close();
    app.close();
  });
}

test('a page is good for one passkey, and a device for one passkey of an account', async () => {
  const token = await register('again@example.com');
  const view = await openDevice(looks[0]);
  const { url } = await startRegistration(token);
  await view.page.goto(url);
  await press(view, 'Add the passkey');
  await heading(view, 'The passkey is added');
  await view.page.goto('about:blank');
  await view.page.goto(url);
  await heading(view, 'This page is no longer valid');
  await screenshot(view, 'passkey-over');
  await view.page.goto('about:blank');
  await view.page.goto(`${site}/passkeys`);
  await heading(view, 'This page is no longer valid');
  await view.page.goto((await startRegistration(token)).url);
  await press(view, 'Add the passkey');
  await view.page.getByText('There is a passkey of this account already').waitFor();
  await view.context.close();
});

test('a device without the passkey, or that does not know the person, signs nobody in', async () => {
  const app = await waitingApp();
  const token = await register('refused@example.com');
  const view = await openDevice(looks[1], { allow: [app.origin] });
  await view.page.goto(await startLogin(app));
  await press(view, 'Sign in');
  await view.page.getByText('Nothing happened').waitFor();
  await screenshot(view, 'passkey-none');
  await view.page.goto((await startRegistration(token)).url);
  await press(view, 'Add the passkey');
  await heading(view, 'The passkey is added');
  await view.cdp.send('WebAuthn.setUserVerified', { authenticatorId: view.authenticatorId, isUserVerified: false });
  await view.page.goto(await startLogin(app));
  await press(view, 'Sign in');
  await view.page.getByText('Nothing happened').waitFor();
  await view.context.close();
  app.close();
});

test('a copy of a passkey is refused', async () => {
  const app = await waitingApp();
  const token = await register('copy@example.com');
  const view = await openDevice(looks[2], { allow: [app.origin] });
  await view.page.goto((await startRegistration(token)).url);
  await press(view, 'Add the passkey');
  await heading(view, 'The passkey is added');
  const { authenticatorId } = view;
  const { credentials: [copy] } = await view.cdp.send('WebAuthn.getCredentials', { authenticatorId });
  const url = await startLogin(app);
  await view.page.goto(url);
  await press(view, 'Sign in');
  await app.redirected;
  await view.page.getByText('Back in the app').waitFor();
  await view.cdp.send('WebAuthn.removeCredential', { authenticatorId, credentialId: copy.credentialId });
  await view.cdp.send('WebAuthn.addCredential', { authenticatorId, credential: { ...copy, signCount: 0 } });
  await view.page.goto(await startLogin(app));
  await press(view, 'Sign in');
  await view.page.getByText('This passkey was not accepted').waitFor();
  await screenshot(view, 'passkey-refused');
  await view.context.close();
  app.close();
});
