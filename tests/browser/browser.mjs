// Shared by the browser tests: starting Chromium, and windows that record what goes wrong in their page.
// CHROMIUM is the browser's path. SHOTS is a folder for screenshots; without it none are taken.
import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';

const flags = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage',
];

/** The window sizes and color schemes in which pages are tested. */
export const looks = [
  { name: 'desktop-light', width: 1280, height: 900, colorScheme: 'light' },
  { name: 'desktop-dark', width: 1280, height: 900, colorScheme: 'dark' },
  { name: 'phone-light', width: 390, height: 844, colorScheme: 'light' },
  { name: 'phone-dark', width: 390, height: 844, colorScheme: 'dark' },
];

/** Starts the browser. Call close() to end it. */
export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM, args: flags });
}

/**
 * Opens a window with the given look. `faults` collects what a good page never causes: requests to origins that are not
 * allowed, failed requests, console errors (including violations of the security policy) and uncaught exceptions.
 */
export async function openWindow(browser, look, { allow }) {
  const { width, height, colorScheme } = look;
  const isMobile = width < 600;
  const context = await browser.newContext({
    viewport: { width, height }, colorScheme, isMobile, hasTouch: isMobile, deviceScaleFactor: isMobile ? 2 : 1,
  });
  const faults = [];
  const isAllowed = (url) => /^(data|blob|about):/.test(url) || allow.includes(new URL(url).origin);
  await context.route('**/*', (route) => {
    const url = route.request().url();
    if (isAllowed(url)) return route.continue();
    faults.push(`requested ${url}`);
    return route.abort();
  });
  const page = await context.newPage();
  page.on('websocket', (socket) => {
    const url = socket.url().replace(/^ws/, 'http');
    if (!isAllowed(url)) faults.push(`opened ${socket.url()}`);
  });
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`exception: ${error.message}`));
  page.on('response', (response) => {
    if (response.status() >= 400) faults.push(`${response.status()} from ${response.url()}`);
  });
  page.on('requestfailed', (request) => {
    if (isAllowed(request.url())) faults.push(`failed: ${request.url()} ${request.failure()?.errorText}`);
  });
  return { page, context, faults, look };
}

/** Takes a screenshot if SHOTS is set. */
export async function screenshot({ page, look }, name, options = {}) {
  if (!process.env.SHOTS) return;
  mkdirSync(process.env.SHOTS, { recursive: true });
  await page.screenshot({ path: `${process.env.SHOTS}/${name}-${look.name}.png`, ...options });
}

/** By how many CSS pixels the page is wider than its window. More than 0 means scrolling sideways. */
export function overflow(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}
