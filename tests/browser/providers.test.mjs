// Signs in at the pages of two OpenID Connect providers. BASE is a site that sends the browser there and shows who came
// back; CALLBACK, CLIENT_ID and CLIENT_SECRET are what npm's provider, on NPM_PORT, knows it by; ZITADEL is the other.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, looks, openWindow, screenshot } from './browser.mjs';
import { startOidcProvider } from './oidc-provider.mjs';
import { fillIn } from './provider-pages.mjs';

const { BASE: base, ZITADEL: zitadel, NPM_PORT: port } = process.env;
const npm = `http://localhost:${port}`;
let browser;
let endProvider;
before(async () => {
  browser = await launch();
  endProvider = await startOidcProvider({
    port, redirectUri: process.env.CALLBACK, clientId: process.env.CLIENT_ID, clientSecret: process.env.CLIENT_SECRET,
  });
});
after(async () => {
  await browser.close();
  endProvider();
});

/** Signs in and returns what the site shows, and its window. */
async function signIn(provider, name) {
  const view = await openWindow(browser, looks[0], { allow: [base, npm, new URL(zitadel).origin] });
  await view.page.goto(`${base}/start?provider=${provider}`);
  await fillIn(provider, view, name);
  await view.page.waitForURL(`${process.env.CALLBACK}?**`);
  await screenshot(view, `signed-in-${provider}`);
  return { view, shown: await view.page.locator('body').innerText() };
}

for (const [provider, issuer, subject] of [['zitadel', zitadel, 'id-1'], ['npm', npm, 'ada']]) {
  test(`somebody signs in at ${provider}, and the code works once`, async () => {
    const { view, shown } = await signIn(provider, 'ada');
    const who = { Issuer: issuer, Subject: subject, Email: 'ada@example.com', EmailVerified: true };
    assert.deepEqual(JSON.parse(shown), who);
    await view.page.reload();
    assert.match(await view.page.locator('body').innerText(), /refused: code_refused$/);
    await view.context.close();
  });
}

test('an address that the provider has not verified is not verified', async () => {
  const { view, shown } = await signIn('npm', 'unverified-ada');
  const { Email, EmailVerified } = JSON.parse(shown);
  assert.deepEqual([Email, EmailVerified], ['unverified-ada@example.com', false]);
  await view.context.close();
});

test('an answer of one provider is not taken for that of another', async () => {
  const { view } = await signIn('npm', 'ada');
  const back = new URL(view.page.url());
  assert.equal(back.searchParams.get('iss'), npm);
  back.searchParams.set('iss', zitadel);
  await view.page.goto(back.href);
  assert.match(await view.page.locator('body').innerText(), /refused: response_issuer$/);
  await view.context.close();
});
