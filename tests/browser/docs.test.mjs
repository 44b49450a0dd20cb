// The documentation in a browser: it loads from this server alone, without an error, on a desk and on a phone, by day
// and by night. BASE is the server's address.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, looks, open, overflow, shoot } from './browser.mjs';

const base = process.env.BASE;
const site = process.env.SITE; // a static copy of the documentation, in a folder of another server
let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

/** Runs the steps in a window of every look and holds what the page did against what it may do. */
function everyLook(name, path, steps, root = base, chosen = looks) {
  for (const look of chosen) {
    test(`${name}, ${look.name}`, async () => {
      const view = await open(browser, look, { allow: [new URL(root).origin] });
      try {
        await view.page.goto(root + path, { waitUntil: 'load' });
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
  await page.getByRole('link', { name: 'changes', exact: true }).click();
  await changelog(view);
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

async function guide(view) {
  await view.page.getByRole('heading', { level: 1 }).waitFor();
  assert.ok(await view.page.locator('pre').count() > 5);
  await isDayOrNight(view);
}

async function changelog(view) {
  await view.page.getByRole('heading', { name: '0.1.0' }).waitFor();
  await isDayOrNight(view);
}

everyLook('guide', '/docs/guide', async (view) => {
  await guide(view);
  await shoot(view, 'guide', { fullPage: true });
});

everyLook('changelog', '/docs/changelog', async (view) => {
  await changelog(view);
  await shoot(view, 'changelog', { fullPage: true });
});

// The static site has the same pages and styles, so that two looks are enough.
const some = [looks[0], looks[3]];

everyLook('static reference, and to the guide', '/index.html', async (view) => {
  await view.page.getByRole('heading', { name: 'Adiuva Cloud API', exact: true }).first().waitFor();
  await view.page.waitForLoadState('networkidle');
  await isDayOrNight(view);
  await view.page.getByRole('link', { name: 'guide', exact: true }).click();
  await guide(view);
}, site, some);

everyLook('static errors and changelog, by the links', '/guide/index.html', async (view) => {
  await view.page.getByRole('link', { name: 'Errors' }).click();
  await view.page.getByRole('link', { name: 'rate_limited' }).click();
  await view.page.getByRole('heading', { name: 'rate_limited' }).waitFor();
  await isDayOrNight(view);
  await view.page.getByRole('link', { name: 'Changelog' }).click();
  await changelog(view);
}, site, some);
