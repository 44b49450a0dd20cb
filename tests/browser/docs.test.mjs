// The documentation in a browser: it loads from this server alone, without an error, on a desk and on a phone, by day
// and by night. BASE is the server's address.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, looks, open, overflow, shoot } from './browser.mjs';

const base = process.env.BASE;
let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

/** Runs the steps in a window of every look and holds what the page did against what it may do. */
function everyLook(name, path, steps) {
  for (const look of looks) {
    test(`${name}, ${look.name}`, async () => {
      const view = await open(browser, look, { allow: [base] });
      try {
        await view.page.goto(base + path, { waitUntil: 'load' });
        await steps(view);
        assert.ok((await overflow(view.page)) <= 0, 'the page is wider than its window');
        assert.deepEqual(view.faults, []);
      } finally {
        await view.context.close();
      }
    });
  }
}

/** The colour behind the page's text, as brightness from 0 to 255. */
async function brightness(page) {
  const color = await page.evaluate(() => {
    for (const element of [document.body, document.documentElement]) {
      const { backgroundColor } = getComputedStyle(element);
      if (!/, 0\)$/.test(backgroundColor)) return backgroundColor;
    }
    return 'none';
  });
  const [r, g, b] = color.match(/[\d.]+/g).map(Number);
  return (r + g + b) / 3;
}

async function isDayOrNight({ page, look }) {
  const light = await brightness(page);
  assert.ok(look.colorScheme === 'dark' ? light < 60 : light > 200, `${look.colorScheme} page of brightness ${light}`);
}

everyLook('reference', '/docs', async (view) => {
  const { page } = view;
  await page.getByRole('heading', { name: 'Adiuva Cloud API', exact: true }).first().waitFor();
  await page.waitForLoadState('networkidle');
  await isDayOrNight(view);
  await shoot(view, 'reference');
});

everyLook('error page', '/docs/errors/validation_failed', async (view) => {
  await view.page.getByRole('heading', { name: 'validation_failed' }).waitFor();
  await isDayOrNight(view);
  await shoot(view, 'error', { fullPage: true });
});

everyLook('index of errors', '/docs/errors', async (view) => {
  await view.page.getByRole('link', { name: 'rate_limited' }).waitFor();
  await isDayOrNight(view);
  await shoot(view, 'errors');
});
