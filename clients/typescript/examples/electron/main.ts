// The main process: it alone has the session and talks to the API. The page is at app://adiuva and asks by IPC.
import { app, BrowserWindow, ipcMain, net, protocol, shell, type IpcMainInvokeEvent } from 'electron';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { AdiuvaClient, isAdiuvaError, isApiError, type ChatRequest, type PlanAction, type Row } from '@adiuva/api-client';
import type { Result, StreamEvent } from './bridge.js';
import { tokenStore } from './session.js';

const origin = 'app://adiuva';
const folder = app.getAppPath();
const files: Record<string, string> = { '/': 'index.html', '/renderer.js': 'dist/renderer.js' };
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const tables: Record<string, Row[]> = { tasks: [{ id: 't1', title: 'Send the offer', status: 'todo', dueDate: Date.now() }] }; // your database

protocol.registerSchemesAsPrivileged([{ scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true } }]);

/** Serves the page's own files, and nothing else. */
async function serve(request: Request): Promise<Response> {
  const { host, pathname } = new URL(request.url);
  const file = host === 'adiuva' ? files[pathname] : undefined;
  if (!file) return new Response(null, { status: 404 });
  const found = await net.fetch(pathToFileURL(join(folder, file)).href);
  const headers = new Headers(found.headers);
  headers.set('Content-Security-Policy', policy);
  return new Response(found.body, { headers });
}

/** Does the work, and says what went wrong as data. */
async function attempt<T>(work: () => Promise<T>): Promise<Result<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    if (isApiError(error)) return { code: error.code, message: error.problem.detail ?? error.problem.title };
    return { code: isAdiuvaError(error) ? error.name : 'unknown', message: String(error) };
  }
}

/** Answers the page's calls, and those of nobody else. */
function handle<A extends unknown[], T>(name: string, work: (event: IpcMainInvokeEvent, ...args: A) => Promise<T>): void {
  ipcMain.handle(name, (event, ...args) => {
    if (!event.senderFrame?.url.startsWith(`${origin}/`)) throw new Error('not our page');
    return attempt(() => work(event, ...args as A));
  });
}

function serveCalls(client: AdiuvaClient): void {
  handle('login', async (_, email: string, password: string) => {
    await client.auth.login({ email, password });
    return { tier: (await client.auth.me()).tier };
  });
  handle('plan', async (_, message: string) => {
    const reply = await client.chat.send({ message, execution_mode: 'plan' });
    return reply.kind === 'plan' ? (await client.plans.run(reply, { select, act })).length : 0;
  });
  handle('backup', async (event) => {
    const path = join(app.getPath('userData'), 'backup.bin'); // encrypted by your app
    const { size } = await stat(path);
    const open = () => Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>;
    return client.backups.upload({ size, open }, { version: 1, onProgress: (sent, total) => event.sender.send('progress', sent, total) });
  });
}

function select(table: string, filter: Row): Row[] {
  return (tables[table] ?? []).filter((row) => Object.entries(filter).every(([column, value]) => row[column] === value));
}

function act(action: PlanAction): void {
  if (action.type === 'create_record' && action.table) (tables[action.table] ??= []).push(action.data ?? {});
}

/** Streams over a port of the page's; the stream ends with it. */
function serveStreams(client: AdiuvaClient): void {
  ipcMain.on('ask', async (event, request: ChatRequest) => {
    const port = event.ports[0];
    if (!port || !event.senderFrame?.url.startsWith(`${origin}/`)) return;
    const stop = new AbortController();
    port.on('close', () => stop.abort());
    port.start();
    const say = (what: StreamEvent) => port.postMessage(what);
    const end = await attempt(async () => {
      const stream = client.chat.stream(request, { signal: stop.signal });
      for (;;) {
        const next = await stream.next();
        if (next.done) return next.value;
        say({ token: next.value });
      }
    });
    say({ end });
    port.close();
  });
}

function openWindow(): BrowserWindow {
  const window = new BrowserWindow({ webPreferences: { sandbox: true, contextIsolation: true, nodeIntegration: false, preload: join(folder, 'dist/preload.cjs') } });
  window.webContents.on('will-navigate', (event) => event.preventDefault());
  window.webContents.setWindowOpenHandler(({ url }) => {
    if (url.startsWith('https://')) void shell.openExternal(url); // the page to pay on, for example
    return { action: 'deny' };
  });
  void window.loadURL(`${origin}/`);
  return window;
}

/** Runs once Electron is ready, before which there is no safeStorage. */
function start(): void {
  protocol.handle('app', serve);
  const client = new AdiuvaClient({ baseUrl: process.env['ADIUVA_API'] ?? 'http://127.0.0.1:8080/api/v1', tokenStore: tokenStore() });
  serveCalls(client);
  serveStreams(client);
  const window = openWindow();
  client.auth.onAuthStateChange((state) => { if (state === 'signed-out' && !window.isDestroyed()) window.webContents.send('signed-out'); });
  app.on('window-all-closed', () => { client.close(); app.quit(); });
}

void app.whenReady().then(start); // an await here would wait for ever: Electron is ready only after this file has ended
