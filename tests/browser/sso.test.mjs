// Signs in to the service with two OpenID Connect providers, as an app does that waits at a loop-back address. BASE is
// the service; the rest is as in providers.test.mjs.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { launch, looks, openWindow, screenshot } from './browser.mjs';
import { startOidcProvider } from './oidc-provider.mjs';
import { fillIn } from './provider-pages.mjs';

const { BASE: base, ZITADEL: zitadel, NPM_PORT: port, CALLBACK: callback } = process.env;
const npm = `http://localhost:${port}`;
let browser;
let endProvider;
let app; // where the app waits
before(async () => {
  browser = await launch();
  endProvider = await startOidcProvider({
    port, redirectUri: callback, clientId: process.env.CLIENT_ID, clientSecret: process.env.CLIENT_SECRET,
  });
  app = createServer((_, response) => response.end('You may close this.'));
  app.listen(0, '127.0.0.1');
  await once(app, 'listening');
});
after(async () => {
  await browser.close();
  endProvider();
  app.close();
  app.closeAllConnections();
});

const appUrl = () => `http://127.0.0.1:${app.address().port}/signed-in`;

const post = (path, body) => fetch(`${base}/api/v1${path}`, {
  method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
});

/** Signs in up to where the app has the code, and returns how it redeems it, and the window. */
async function signIn(provider, name) {
  const allow = [base, npm, new URL(zitadel).origin, new URL(appUrl()).origin];
  const view = await openWindow(browser, looks[0], { allow });
  const verifier = randomBytes(32).toString('base64url');
  const query = new URLSearchParams({
    provider, redirect_uri: appUrl(), state: 'of the app', code_challenge_method: 'S256',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
  });
  await view.page.goto(`${base}/api/v1/auth/sso/start?${query}`);
  await fillIn(provider, view, name);
  await view.page.waitForURL(`${appUrl()}?**`);
  const back = new URL(view.page.url()).searchParams;
  assert.equal(back.get('state'), 'of the app');
  return { view, redeem: () => post('/auth/sso/token', { code: back.get('code'), code_verifier: verifier }) };
}

async function me(tokens) {
  const answer = await fetch(`${base}/api/v1/auth/me`, { headers: { Authorization: `Bearer ${tokens.access_token}` } });
  return answer.json();
}

for (const provider of ['zitadel', 'npm']) {
  test(`somebody new signs in with ${provider} and is the same person the next time`, async () => {
    const first = await signIn(provider, provider === 'npm' ? 'grace' : 'ada');
    const answer = await first.redeem();
    assert.equal(answer.status, 200);
    const profile = await me(await answer.json());
    assert.equal(profile.email, provider === 'npm' ? 'grace@example.com' : 'ada@example.com');
    assert.equal(profile.email_verified, true);
    const again = await first.redeem();
    assert.deepEqual([again.status, (await again.json()).code], [422, 'code_invalid']);
    await first.view.context.close();

    const second = await signIn(provider, provider === 'npm' ? 'grace' : 'ada');
    assert.equal((await me(await (await second.redeem()).json())).id, profile.id);
    await second.view.context.close();
  });
}

test('an address that the provider has not verified is not verified here', async () => {
  const { view, redeem } = await signIn('npm', 'unverified-alan');
  assert.equal((await me(await (await redeem()).json())).email_verified, false);
  await view.context.close();
});

test('a callback in another browser ends at a page that says what to do', async () => {
  for (const look of looks) {
    const view = await openWindow(browser, look, { allow: [base] });
    await view.page.goto(`${callback}?state=unknown&code=stolen`);
    assert.match(view.page.url(), /\/sso\/failed$/);
    assert.match(await view.page.locator('body').innerText(), /sso_failed/);
    await screenshot(view, 'sso-failed');
    await view.context.close();
  }
});
