// Signs in with a provider in a real Chromium, and looks at the pages in between. BASE is the API's base URL, CHROMIUM
// the browser's path, SHOTS a folder for screenshots, if there are to be any.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AdiuvaClient } from '@adiuva/api-client';
import { signInWith } from '@adiuva/api-client/sign-in';
import { launch, looks, openWindow, overflow, screenshot } from '../../../tests/browser/browser.mjs';

const baseUrl = process.env.BASE;
const { origin } = new URL(baseUrl);
const tokens = { access_token: 'access', refresh_token: 'refresh', expires_at: Date.now() + 3_600_000 };
let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

const heading = (view, name) => view.page.getByRole('heading', { name, exact: true }).waitFor();

/** Waits for a page, and checks that it fits its window, is as dark as it should be and says only what it may. */
async function checkPage(view, title, name) {
  await heading(view, title);
  assert.ok((await overflow(view.page)) <= 0, 'the page is wider than its window');
  const [r, g, b] = (await view.page.evaluate(() => getComputedStyle(document.body).backgroundColor)).match(/\d+/g).map(Number);
  assert.equal((r + g + b) / 3 < 60, view.look.colorScheme === 'dark');
  await screenshot(view, name);
  assert.deepEqual(view.faults, []);
}

/** A sign-in in this window. The provider and the service are left out: they answer at once, with these parameters. */
async function shortSignIn(view, parameters, exchange, signal) {
  const start = `${baseUrl}/auth/sso/start`;
  await view.context.route((url) => url.href.startsWith(start) || url.pathname === '/signed-in', (route) => {
    const query = new URL(route.request().url()).searchParams;
    if (!query.has('redirect_uri')) return route.continue();
    const back = `${query.get('redirect_uri')}?${new URLSearchParams({ state: query.get('state'), ...parameters })}`;
    return route.fulfill({ status: 302, headers: { location: back } });
  });
  const client = new AdiuvaClient({ baseUrl, fetch: async () => Response.json(exchange.body, { status: exchange.status }) });
  const open = (url) => view.page.goto(url);
  return signInWith(client, { provider: 'google', open, signal }).catch((error) => error);
}

const refusal = (status, code) => ({ status, body: { code, status, title: code, detail: code, ticket: 'ticket' } });
const outcomes = [
  { name: 'done', title: 'You are signed in', parameters: { code: 'x' }, exchange: { status: 200, body: tokens } },
  { name: 'link', title: 'One more step', parameters: { code: 'x' }, exchange: refusal(401, 'link_required') },
  { name: 'failed', title: 'You are not signed in', parameters: { error: 'sso_failed' }, code: 'sso_failed' },
  { name: 'seats', title: 'You are not signed in', parameters: { code: 'x' }, exchange: refusal(409, 'seats_exhausted'),
    code: 'seats_exhausted' },
  { name: 'other', title: 'This page is no longer valid', parameters: { code: 'x', state: 'another' }, waits: true },
];

for (const look of looks) {
  for (const { name, title, parameters, exchange, code, waits } of outcomes) {
    test(`the app's page: ${name}, ${look.name}`, async () => {
      const view = await openWindow(browser, look, { allow: [origin] });
      const leaving = new AbortController();
      try {
        const signingIn = shortSignIn(view, parameters, exchange, leaving.signal);
        if (!waits) await signingIn;
        else {
          await heading(view, title);
          view.faults.length = 0; // its status is 400
        }
        await checkPage(view, title, `sign-in-${name}`);
        if (code) await view.page.getByText(code, { exact: true }).waitFor();
      } finally {
        leaving.abort();
        await view.context.close();
      }
    });
  }

  test(`the service's page of a sign-in that can't go on, ${look.name}`, async () => {
    const view = await openWindow(browser, look, { allow: [origin] });
    await view.page.goto(`${origin}/sso/failed`);
    await checkPage(view, 'You are not signed in', 'sign-in-over');
    await view.page.getByText('sso_failed', { exact: true }).waitFor();
    await view.context.close();
  });
}
