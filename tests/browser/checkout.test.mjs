// Buys and cancels plans in a browser, with the embedded Stripe: its checkout page and portal, the service's landing
// pages, and a backup that needs a plan. BASE is the service's address.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { launch, looks, openWindow, overflow, screenshot } from './browser.mjs';

const base = process.env.BASE;
const api = `${base}/api/v1`;
let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

/** Returns a function that calls the API with the token. */
function client(token) {
  return async (method, path, body, headers = {}) => {
    const contentType = typeof body === 'string' ? { 'Content-Type': 'application/json' } : {};
    const response = await fetch(api + path, {
      method, headers: { Authorization: `Bearer ${token}`, ...contentType, ...headers }, body,
    });
    return { status: response.status, json: await response.json().catch(() => null) };
  };
}

/** Creates an account and returns its client. */
async function register(email) {
  const response = await fetch(`${api}/auth/register`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email, password: 'correct horse battery' }),
  });
  assert.equal(response.status, 201);
  return client((await response.json()).access_token);
}

/** Polls until condition() is true, for at most 20 s: webhooks take a moment, and a tier is cached for ten seconds. */
async function eventually(what, condition) {
  const deadline = Date.now() + 20_000;
  while (Date.now() < deadline) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail(`${what} did not happen`);
}

const waitForTier = (call, tier) =>
  eventually(`tier ${tier}`, async () => (await call('GET', '/auth/me')).json.tier === tier);

async function storeBackup(call) {
  const blob = Buffer.from('ciphertext of a browser');
  return call('PUT', '/backup', blob, {
    'Content-Type': 'application/octet-stream',
    'X-Backup-Version': '1',
    'X-Backup-Timestamp': String(Date.now()),
    'X-Backup-Checksum': createHash('sha256').update(blob).digest('hex'),
  });
}

/** Opens the checkout page of a plan in a new window. */
async function openCheckout(call, plan, look) {
  const { status, json } = await call('POST', '/billing/checkout', JSON.stringify(plan));
  assert.equal(status, 200);
  const stripe = new URL(json.checkout_url).origin;
  const view = await openWindow(browser, look, { allow: [base, stripe] });
  await view.page.goto(json.checkout_url);
  return { ...view, stripe };
}

/** Clicks a button and waits for the page it leads to. */
async function press(view, name) {
  await Promise.all([
    view.page.waitForURL(() => true, { waitUntil: 'load' }),
    view.page.getByRole('button', { name, exact: true }).click(),
  ]);
}

test('buying Pro allows backups until the plan is canceled and over', async () => {
  const call = await register('browser@example.com');
  assert.equal((await storeBackup(call)).status, 403);
  const view = await openCheckout(call, { tier: 'pro' }, looks[0]);
  await view.page.getByRole('heading', { name: 'Adiuva Pro' }).waitFor();
  await press(view, 'Pay with a card that is declined');
  await view.page.getByRole('alert').waitFor();
  await screenshot(view, 'checkout-declined');
  assert.equal((await call('GET', '/billing/subscription')).json.status, 'none');
  await press(view, 'Pay');
  await view.page.getByRole('heading', { name: 'Thank you' }).waitFor();
  assert.equal(view.page.url(), `${base}/billing/success`);
  const link = view.page.getByRole('link', { name: 'Back to Adiuva' });
  assert.equal(await link.getAttribute('href'), 'adiuva://billing/success');
  await screenshot(view, 'billing-success');
  await waitForTier(call, 'pro');
  await eventually('a backup', async () => (await storeBackup(call)).status === 200);

  assert.equal((await call('DELETE', '/billing/subscription')).status, 200);
  const subscription = (await call('GET', '/billing/subscription')).json;
  assert.equal(subscription.cancel_at_period_end, true);
  assert.equal(subscription.status, 'active');
  await waitForTier(call, 'pro');
  await view.context.close(); // after a link to an app a page cannot submit forms
  const portal = await openWindow(browser, looks[0], { allow: [base, view.stripe] });
  await portal.page.goto((await call('POST', '/billing/portal')).json.portal_url);
  await portal.page.getByText('active, ends').waitFor();
  await screenshot(portal, 'portal');
  await press(portal, 'Turn the clock ahead by a month');
  await portal.page.getByText('canceled').waitFor();
  assert.deepEqual(portal.faults, []);
  await waitForTier(call, 'free');
  await eventually('no more backups', async () => (await storeBackup(call)).status === 403);
  await portal.context.close();
});

test('leaving the checkout costs nothing, and seats can be changed on it', async () => {
  const call = await register('team@example.com');
  const first = await openCheckout(call, { tier: 'team', seats: 3 }, looks[3]);
  await press(first, 'Cancel');
  await first.page.getByRole('heading', { name: 'Nothing was paid' }).waitFor();
  await screenshot(first, 'billing-cancel');
  await first.context.close();
  const view = await openCheckout(call, { tier: 'team', seats: 3 }, looks[3]);
  const seats = view.page.getByLabel('Seats');
  assert.equal(await seats.inputValue(), '3');
  await seats.fill('5');
  await press(view, 'Pay');
  await waitForTier(call, 'team');
  assert.equal((await call('GET', '/billing/subscription')).json.seats, 5);
  await view.context.close();
});

for (const look of looks) {
  test(`checkout page, ${look.name}`, async () => {
    const call = await register(`${look.name}@example.com`);
    const view = await openCheckout(call, { tier: 'team' }, look);
    assert.ok((await overflow(view.page)) <= 0, 'the page is wider than its window');
    assert.deepEqual(view.faults, []);
    await screenshot(view, 'checkout');
    await view.context.close();
  });
}
