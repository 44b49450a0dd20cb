// The main process. Only it has the session and talks to the API; the page at app://adiuva uses IPC.
import { app, BrowserWindow, dialog, ipcMain, net, protocol, shell, type IpcMainInvokeEvent } from 'electron';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { AdiuvaClient, isAdiuvaError, isApiError, type StreamRequest, type ToolCall } from '@adiuva/api-client';
import type { Result, StreamMessage } from './bridge.js';
import { openDatabase } from './database.js';
import { tokenStore } from './session.js';

const origin = 'app://adiuva';
const folder = app.getAppPath();
const files: Record<string, string> = { '/': 'index.html', '/renderer.js': 'dist/renderer.js' };
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; "
  + "form-action 'none'; frame-ancestors 'none'";
const database = openDatabase(join(app.getPath('userData'), 'data.sqlite'));

protocol.registerSchemesAsPrivileged([
  { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true } },
]);

/** Serves the page's files and nothing else. */
async function serveFile(request: Request): Promise<Response> {
  const { host, pathname } = new URL(request.url);
  const file = host === 'adiuva' ? files[pathname] : undefined;
  if (!file) return new Response(null, { status: 404 });
  const response = await net.fetch(pathToFileURL(join(folder, file)).href);
  const headers = new Headers(response.headers);
  headers.set('Content-Security-Policy', contentSecurityPolicy);
  return new Response(response.body, { headers });
}

/** Runs the work and returns its value or its error as data. */
async function toResult<T>(work: () => Promise<T>): Promise<Result<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    if (isApiError(error)) return { code: error.code, message: error.problem.detail ?? error.problem.title };
    return { code: isAdiuvaError(error) ? error.name : 'unknown', message: String(error) };
  }
}

/** Handles calls of the app's own page; others are rejected. */
function handle<A extends unknown[], T>(
  name: string, work: (event: IpcMainInvokeEvent, ...args: A) => Promise<T>,
): void {
  ipcMain.handle(name, (event, ...args) => {
    if (!event.senderFrame?.url.startsWith(`${origin}/`)) throw new Error('not our page');
    return toResult(() => work(event, ...args as A));
  });
}

function handleCalls(client: AdiuvaClient): void {
  handle('login', async (_, email: string, password: string) => {
    await client.auth.login({ email, password });
    return { tier: (await client.auth.me()).tier };
  });
  handle('plan', async (_, message: string) => {
    const reply = await client.chat.send({ message, execution_mode: 'plan' });
    return reply.kind === 'plan' ? (await client.plans.run(reply, database)).length : 0;
  });
  handle('backup', async (event) => {
    const path = join(app.getPath('userData'), 'backup.bin'); // encrypted by your app
    const { size } = await stat(path);
    const open = () => Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>;
    const onProgress = (sent: number, total: number) => event.sender.send('progress', sent, total);
    return client.backups.upload({ size, open }, { version: 1, onProgress });
  });
}

/** Asks the person whether the model may do this. */
async function approve({ name, arguments: args }: ToolCall): Promise<boolean> {
  const { response } = await dialog.showMessageBox({
    type: 'question', message: `Allow ${name}?`, detail: JSON.stringify(args, undefined, 2), buttons: ['Allow', 'Deny'],
    defaultId: 1, cancelId: 1,
  });
  return response === 0;
}

/** Streams answers over a port that the page sends along. Closing the port stops the stream. */
function handleStreams(client: AdiuvaClient): void {
  ipcMain.on('ask', async (event, request: StreamRequest) => {
    const port = event.ports[0];
    if (!port || !event.senderFrame?.url.startsWith(`${origin}/`)) return;
    const controller = new AbortController();
    const send = (message: StreamMessage) => port.postMessage(message);
    const stream = client.chat.stream(request, { signal: controller.signal, tools: database.tools, approve });
    port.on('message', () => stream.cancel());
    port.on('close', () => controller.abort()); // the page is gone
    port.start();
    const end = await toResult(async () => {
      for await (const event of stream) send({ event });
      return stream.final();
    });
    send({ end });
    port.close();
  });
}

function openWindow(): BrowserWindow {
  const preload = join(folder, 'dist/preload.cjs');
  const window = new BrowserWindow({
    webPreferences: { sandbox: true, contextIsolation: true, nodeIntegration: false, preload },
  });
  window.webContents.on('will-navigate', (event) => event.preventDefault());
  window.webContents.setWindowOpenHandler(({ url }) => {
    if (url.startsWith('https://')) void shell.openExternal(url); // for example the checkout page
    return { action: 'deny' };
  });
  void window.loadURL(`${origin}/`);
  return window;
}

/** Runs after Electron is ready: before that there is no safeStorage. */
function start(): void {
  protocol.handle('app', serveFile);
  const baseUrl = process.env['ADIUVA_API'] ?? 'http://127.0.0.1:8080/api/v1';
  const client = new AdiuvaClient({ baseUrl, tokenStore: tokenStore() });
  handleCalls(client);
  handleStreams(client);
  const window = openWindow();
  client.auth.onAuthStateChange((state) => {
    if (state === 'signed-out' && !window.isDestroyed()) window.webContents.send('signed-out');
  });
  app.on('window-all-closed', () => {
    client.close();
    app.quit();
  });
}

void app.whenReady().then(start); // do not await: Electron becomes ready only after this module has been evaluated
