// Buying a plan in a browser, as a person without an account at Stripe does in development: the stand-in's checkout page,
// our landing page, the plan in the account, a backup that needs it, and its end. BASE is the service's address.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { launch, looks, open, overflow, shoot } from './browser.mjs';

const base = process.env.BASE;
const api = `${base}/api/v1`;
let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

/** Calls the API as one account. */
function client(token) {
  return async (method, path, body, headers = {}) => {
    const answer = await fetch(api + path, {
      method, headers: { Authorization: `Bearer ${token}`, ...(typeof body === 'string' ? { 'Content-Type': 'application/json' } : {}), ...headers }, body,
    });
    return { status: answer.status, json: await answer.json().catch(() => null) };
  };
}

async function account(email) {
  const answer = await fetch(`${api}/auth/register`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ email, password: 'correct horse battery' }),
  });
  assert.equal(answer.status, 201);
  return client((await answer.json()).access_token);
}

/** Asks until ok, for at most 20 s: webhooks arrive when they arrive, and a tier is cached for ten seconds. */
async function eventually(what, ok) {
  for (const end = Date.now() + 20_000; Date.now() < end; await new Promise((next) => setTimeout(next, 100))) {
    if (await ok()) return;
  }
  assert.fail(`${what} did not happen`);
}

const hasTier = (me, tier) => eventually(`tier ${tier}`, async () => (await me('GET', '/auth/me')).json.tier === tier);

async function backup(me) {
  const blob = Buffer.from('ciphertext of a browser');
  return me('PUT', '/backup', blob, {
    'Content-Type': 'application/octet-stream', 'X-Backup-Version': '1', 'X-Backup-Timestamp': String(Date.now()),
    'X-Backup-Checksum': createHash('sha256').update(blob).digest('hex'),
  });
}

/** Opens a window on the checkout page of a plan. */
async function checkout(me, plan, look) {
  const { status, json } = await me('POST', '/billing/checkout', JSON.stringify(plan));
  assert.equal(status, 200);
  const stripe = new URL(json.checkout_url).origin;
  const view = await open(browser, look, { allow: [base, stripe] });
  await view.page.goto(json.checkout_url);
  return { ...view, stripe };
}

/** Where a click on the button leads. */
async function press(view, name) {
  await Promise.all([view.page.waitForURL(() => true, { waitUntil: 'load' }), view.page.getByRole('button', { name, exact: true }).click()]);
}

test('free, checkout, paid, pro, backup, canceled, free', async () => {
  const me = await account('browser@example.com');
  assert.equal((await backup(me)).status, 403);
  const view = await checkout(me, { tier: 'pro' }, looks[0]);
  await view.page.getByRole('heading', { name: 'Adiuva Pro' }).waitFor();
  await press(view, 'Pay with a card that is declined');
  await view.page.getByRole('alert').waitFor();
  await shoot(view, 'checkout-declined');
  assert.equal((await me('GET', '/billing/subscription')).json.status, 'none');
  await press(view, 'Pay');
  await view.page.getByRole('heading', { name: 'Thank you' }).waitFor();
  assert.equal(view.page.url(), `${base}/billing/success`);
  assert.equal(await view.page.getByRole('link', { name: 'Back to Adiuva' }).getAttribute('href'), 'adiuva://billing/success');
  await shoot(view, 'billing-success');
  await hasTier(me, 'pro');
  await eventually('a backup', async () => (await backup(me)).status === 200);

  assert.equal((await me('DELETE', '/billing/subscription')).status, 200);
  const subscription = (await me('GET', '/billing/subscription')).json;
  assert.equal(subscription.cancel_at_period_end, true);
  assert.equal(subscription.status, 'active');
  await hasTier(me, 'pro');
  await view.context.close(); // a window that handed over to an app submits no form any more
  const portal = await open(browser, looks[0], { allow: [base, view.stripe] });
  await portal.page.goto((await me('POST', '/billing/portal')).json.portal_url);
  await portal.page.getByText('active, ends').waitFor();
  await shoot(portal, 'portal');
  await press(portal, 'Turn the clock ahead by a month');
  await portal.page.getByText('canceled').waitFor();
  assert.deepEqual(portal.faults, []);
  await hasTier(me, 'free');
  await eventually('no more backups', async () => (await backup(me)).status === 403);
  await portal.context.close();
});

test('seats of a team, and leaving without paying', async () => {
  const me = await account('team@example.com');
  const first = await checkout(me, { tier: 'team', seats: 3 }, looks[3]);
  await press(first, 'Cancel');
  await first.page.getByRole('heading', { name: 'Nothing was paid' }).waitFor();
  await shoot(first, 'billing-cancel');
  await first.context.close();
  const view = await checkout(me, { tier: 'team', seats: 3 }, looks[3]);
  const seats = view.page.getByLabel('Seats');
  assert.equal(await seats.inputValue(), '3');
  await seats.fill('5');
  await press(view, 'Pay');
  await hasTier(me, 'team');
  assert.equal((await me('GET', '/billing/subscription')).json.seats, 5);
  await view.context.close();
});

for (const look of looks) {
  test(`checkout page, ${look.name}`, async () => {
    const me = await account(`${look.name}@example.com`);
    const view = await checkout(me, { tier: 'team' }, look);
    assert.ok((await overflow(view.page)) <= 0, 'the page is wider than its window');
    assert.deepEqual(view.faults, []);
    await shoot(view, 'checkout');
    await view.context.close();
  });
}
