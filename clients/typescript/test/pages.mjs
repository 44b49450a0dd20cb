// Runs the scenarios in a page: `node test/pages.mjs chromium` at http://localhost, in the browser that CHROMIUM names, or
// `node test/pages.mjs webengine` at app://adiuva, in the Qt WebEngine of the Python that PYTHON names. BASE is the
// service's address, /api/v1 included. Prints a line a scenario, and fails when one failed or the page fell silent.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { files, harness } from './harness.mjs';

const silence = 120_000; // the longest that a page may say nothing

const pages = {
  chromium: {
    origin: (port) => `http://localhost:${port}`,
    async open(url, fault) {
      const { launch } = await import('../../../tests/browser/browser.mjs');
      const browser = await launch();
      const page = await browser.newPage();
      page.on('pageerror', fault);
      page.on('crash', () => fault(new Error('the page crashed')));
      await page.goto(url);
      return () => browser.close();
    },
  },
  webengine: {
    origin: () => 'app://adiuva',
    async open(url, fault) {
      const paths = Object.entries(files).map(([name, file]) => `${name}=${fileURLToPath(file)}`);
      const child = spawn(process.env.PYTHON ?? 'python3', [fileURLToPath(new URL('webengine.py', import.meta.url)), url, ...paths],
        { stdio: ['pipe', 'inherit', 'inherit'], env: { ...process.env, QT_QPA_PLATFORM: 'offscreen', QTWEBENGINE_DISABLE_SANDBOX: '1' } });
      child.on('error', fault);
      child.on('exit', (code) => fault(new Error(`Qt WebEngine ended with ${code}`)));
      return () => child.stdin.end(); // it ends with its input
    },
  },
};

/** Runs the page of a kind until it is done, and returns how many scenarios failed. */
async function run(kind) {
  const { origin, open } = pages[kind];
  const reports = [];
  let failed = 0;
  let settle, timer;
  const done = new Promise((resolve, reject) => { settle = { resolve, reject }; });
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => settle.reject(new Error('the page fell silent')), silence);
  };
  const server = await harness(process.env.BASE, (report) => {
    alive();
    reports.push(report);
    if (report.done) return settle.resolve();
    console.log(JSON.stringify(report));
    if (report.error) failed++;
  });
  alive();
  const query = new URLSearchParams({ harness: `http://127.0.0.1:${server.port}`, base: process.env.BASE });
  let close;
  try {
    close = await open(`${origin(server.port)}/index.html?${query}`, settle.reject);
    await done;
  } finally {
    clearTimeout(timer);
    await close?.();
    server.close();
  }
  if (reports[0].origin !== origin(server.port)) throw new Error(`the page was at ${reports[0].origin}`);
  return { failed, passed: reports.filter(({ name, error }) => name && !error).length };
}

const { passed, failed } = await run(process.argv[2]);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
