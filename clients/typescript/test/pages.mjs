// Runs the scenarios in a page and prints one line for each. Fails if a scenario failed or the page stopped reporting.
//   node test/pages.mjs chromium    at http://localhost, in the browser named by CHROMIUM
//   node test/pages.mjs webengine   at app://adiuva, in Qt WebEngine with the Python named by PYTHON
// BASE is the API's base URL, including /api/v1, and REPLICAS those of the services for the scenarios of tools.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { files, startHarness } from './harness.mjs';

const reportTimeout = 120_000; // milliseconds between two reports of the page

const engines = {
  chromium: {
    origin: (port) => `http://localhost:${port}`,
    async open(url, onError) {
      const { launch } = await import('../../../tests/browser/browser.mjs');
      const browser = await launch();
      const page = await browser.newPage();
      page.on('pageerror', onError);
      page.on('crash', () => onError(new Error('the page crashed')));
      await page.goto(url);
      return () => browser.close();
    },
  },
  webengine: {
    origin: () => 'app://adiuva',
    async open(url, onError) {
      const script = fileURLToPath(new URL('webengine.py', import.meta.url));
      const paths = Object.entries(files).map(([name, file]) => `${name}=${fileURLToPath(file)}`);
      const env = { ...process.env, QT_QPA_PLATFORM: 'offscreen', QTWEBENGINE_DISABLE_SANDBOX: '1' };
      const python = process.env.PYTHON ?? 'python3';
      const child = spawn(python, [script, url, ...paths], { stdio: ['pipe', 'inherit', 'inherit'], env });
      child.on('error', onError);
      child.on('exit', (code) => onError(new Error(`Qt WebEngine exited with ${code}`)));
      return () => child.stdin.end(); // the script exits at the end of its input
    },
  },
};

/** Runs the page in an engine until it is done. Returns how many scenarios passed and failed. */
async function run(engine) {
  const { origin, open } = engines[engine];
  const reports = [];
  let timer;
  let finish;
  const done = new Promise((resolve, reject) => { finish = { resolve, reject }; });
  const restartTimer = () => {
    clearTimeout(timer);
    timer = setTimeout(() => finish.reject(new Error('the page stopped reporting')), reportTimeout);
  };
  const harness = await startHarness(process.env.BASE, (report) => {
    restartTimer();
    reports.push(report);
    if (report.done) return finish.resolve();
    console.log(JSON.stringify(report));
  });
  restartTimer();
  const { BASE: base, REPLICAS: replicas } = process.env;
  const query = new URLSearchParams({ harness: `http://127.0.0.1:${harness.port}`, base, replicas });
  let close;
  try {
    close = await open(`${origin(harness.port)}/index.html?${query}`, finish.reject);
    await done;
  } finally {
    clearTimeout(timer);
    await close?.();
    harness.close();
  }
  const got = reports[0].origin;
  const want = origin(harness.port);
  if (got !== want) throw new Error(`the page's origin is ${got}, want ${want}`);
  const failed = reports.filter(({ error }) => error).length;
  return { failed, passed: reports.filter(({ name, error }) => name && !error).length };
}

const { passed, failed } = await run(process.argv[2]);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
