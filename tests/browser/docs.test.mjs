// The documentation in a browser: it loads without errors and from its own server only, on desktop and phone, in light
// and dark. BASE is the service's address, SITE that of a static copy of the documentation below a path.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, looks, openWindow, overflow, screenshot } from './browser.mjs';

const base = process.env.BASE;
const site = process.env.SITE;
let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

/** Tests a page in each look: loads it, runs the steps, and checks that it fits its window and caused no faults. */
function testInLooks(name, path, steps, root = base, chosenLooks = looks) {
  for (const look of chosenLooks) {
    test(`${name}, ${look.name}`, async () => {
      const view = await openWindow(browser, look, { allow: [new URL(root).origin] });
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

/** The brightness of the page's background, from 0 to 255, once its styles are loaded. */
async function brightness(page) {
  const color = await page.waitForFunction(() => {
    for (const element of [document.body, document.documentElement]) {
      const { backgroundColor } = getComputedStyle(element);
      if (!/, 0\)$/.test(backgroundColor)) return backgroundColor;
    }
    return null;
  });
  const [r, g, b] = (await color.jsonValue()).match(/[\d.]+/g).map(Number);
  return (r + g + b) / 3;
}

async function checkColorScheme({ page, look }) {
  const value = await brightness(page);
  assert.ok(look.colorScheme === 'dark' ? value < 60 : value > 200, `${look.colorScheme} page has brightness ${value}`);
}

testInLooks('reference', '/docs', async (view) => {
  const { page } = view;
  await page.getByRole('heading', { name: 'Adiuva Cloud API', exact: true }).first().waitFor();
  await page.waitForLoadState('networkidle');
  await checkColorScheme(view);
  await screenshot(view, 'reference');
  await page.getByRole('link', { name: 'changelog', exact: true }).click();
  await checkChangelog(view);
});

testInLooks('error page', '/docs/errors/validation_failed', async (view) => {
  await view.page.getByRole('heading', { name: 'validation_failed' }).waitFor();
  await checkColorScheme(view);
  await screenshot(view, 'error', { fullPage: true });
});

testInLooks('index of errors', '/docs/errors', async (view) => {
  await view.page.getByRole('link', { name: 'rate_limited' }).waitFor();
  await checkColorScheme(view);
  await screenshot(view, 'errors');
});

async function checkGuide(view) {
  await view.page.getByRole('heading', { level: 1 }).waitFor();
  assert.ok(await view.page.locator('pre').count() > 5);
  await checkColorScheme(view);
}

async function checkChangelog(view) {
  await view.page.getByRole('heading', { name: '0.1.0' }).waitFor();
  await checkColorScheme(view);
}

testInLooks('guide', '/docs/guide', async (view) => {
  await checkGuide(view);
  await screenshot(view, 'guide', { fullPage: true });
});

testInLooks('changelog', '/docs/changelog', async (view) => {
  await checkChangelog(view);
  await screenshot(view, 'changelog', { fullPage: true });
});

// The static site has the same pages and styles, so two looks are enough.
const twoLooks = [looks[0], looks[3]];

testInLooks('static reference and its link to the guide', '/index.html', async (view) => {
  await view.page.getByRole('heading', { name: 'Adiuva Cloud API', exact: true }).first().waitFor();
  await view.page.waitForLoadState('networkidle');
  await checkColorScheme(view);
  await view.page.getByRole('link', { name: 'guide', exact: true }).click();
  await checkGuide(view);
}, site, twoLooks);

testInLooks('static errors and changelog by their links', '/guide/index.html', async (view) => {
  await view.page.getByRole('link', { name: 'Errors' }).click();
  await view.page.getByRole('link', { name: 'rate_limited' }).click();
  await view.page.getByRole('heading', { name: 'rate_limited' }).waitFor();
  await checkColorScheme(view);
  await view.page.getByRole('link', { name: 'Changelog' }).click();
  await checkChangelog(view);
}, site, twoLooks);
