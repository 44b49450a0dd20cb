// What every browser test shares: one Chromium, and windows that keep account of what their page asked for and said.
// CHROMIUM names the browser, SHOTS a folder for screenshots (none are taken without it).
import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';

const flags = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage',
];

/** The sizes and colours in which every page is looked at. */
export const looks = [
  { name: 'desktop-light', width: 1280, height: 900, colorScheme: 'light' },
  { name: 'desktop-dark', width: 1280, height: 900, colorScheme: 'dark' },
  { name: 'phone-light', width: 390, height: 844, colorScheme: 'light' },
  { name: 'phone-dark', width: 390, height: 844, colorScheme: 'dark' },
];

/** Starts the browser; close() ends it. */
export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM, args: flags });
}

/**
 * Opens a window of the given look. `faults` collects what must stay empty: requests to any other origin than those
 * allowed, requests that failed, console errors and warnings of the policy, and exceptions nobody caught.
 */
export async function open(browser, look, { allow }) {
  const { width, height, colorScheme } = look;
  const isMobile = width < 600;
  const context = await browser.newContext({
    viewport: { width, height }, colorScheme, isMobile, hasTouch: isMobile, deviceScaleFactor: isMobile ? 2 : 1,
  });
  const faults = [];
  const inside = (url) => /^(data|blob|about):/.test(url) || allow.includes(new URL(url).origin);
  await context.route('**/*', (route) => {
    const url = route.request().url();
    if (inside(url)) return route.continue();
    faults.push(`asked for ${url}`);
    return route.abort();
  });
  const page = await context.newPage();
  page.on('websocket', (socket) => {
    const url = socket.url().replace(/^ws/, 'http');
    if (!inside(url)) faults.push(`opened ${socket.url()}`);
  });
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`exception: ${error.message}`));
  page.on('response', (response) => {
    if (response.status() >= 400) faults.push(`${response.status()} from ${response.url()}`);
  });
  page.on('requestfailed', (request) => {
    if (inside(request.url())) faults.push(`failed: ${request.url()} ${request.failure()?.errorText}`);
  });
  return { page, context, faults, look };
}

/** Takes a picture when SHOTS asks for it. */
export async function shoot({ page, look }, name, options = {}) {
  if (!process.env.SHOTS) return;
  mkdirSync(process.env.SHOTS, { recursive: true });
  await page.screenshot({ path: `${process.env.SHOTS}/${name}-${look.name}.png`, ...options });
}

/** How far the page is wider than its window, in CSS pixels; a phone must not have to scroll sideways. */
export function overflow(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}
