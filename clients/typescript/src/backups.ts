import type { BackupMetadata, BackupStored } from './gen/types.gen.js';
import { AdiuvaError, ChecksumError, ConnectionError, errorOf, isAdiuvaError } from './errors.js';
import type { Session } from './session.js';
import { sha256 } from './sha256.js';
import { aborted, backoff, callSignal, orAborted, pause, type CallOptions } from './transport.js';

/** A backup to send: bytes, a Blob or File, or a stream that can be opened again for a retry. */
export type BackupSource = Blob | Uint8Array<ArrayBuffer> | { size: number; open(): ReadableStream<Uint8Array> };

export interface UploadOptions extends CallOptions {
  /** Of your backup format. */
  version: number;
  /** When the backup was made, in milliseconds since the Unix epoch; now unless said. */
  timestamp?: number;
  /** SHA-256 in hexadecimal digits; computed by reading the source once more unless said. */
  checksum?: string;
  chunkCount?: number;
  /** The same for each retry of one backup, so that it is stored once; drawn unless said. */
  idempotencyKey?: string;
  onProgress?: (sent: number, total: number) => void;
}

export interface DownloadOptions extends CallOptions {
  /** Which one; the latest unless said. */
  id?: string;
  onProgress?: (received: number, total: number) => void;
}

/** A download: read `body` to its end, which fails with a ChecksumError where the bytes are not those that were stored. */
export interface Download {
  id: string;
  version: number;
  timestamp: number;
  checksum: string;
  size: number;
  body: ReadableStream<Uint8Array>;
}

const resumes = 5; // of a download that was cut, without a byte in between

export interface BackupApi {
  baseUrl: string;
  fetch: typeof fetch;
  session(): Session;
  history(query: { limit?: number; before?: string }, call?: CallOptions): Promise<BackupMetadata[]>;
  remove(id: string, call?: CallOptions): Promise<void>;
}

/** The account's backups. */
export class Backups {
  constructor(private readonly api: BackupApi) {}

  /** Stores a backup and returns its id. */
  async upload(source: BackupSource, options: UploadOptions): Promise<BackupStored> {
    const size = sizeOf(source);
    const headers: Record<string, string> = {
      'Content-Type': 'application/octet-stream',
      'X-Backup-Version': String(options.version), 'X-Backup-Timestamp': String(options.timestamp ?? Date.now()),
      'X-Backup-Checksum': options.checksum ?? await checksumOf(source), 'X-Backup-Size': String(size),
      'Idempotency-Key': options.idempotencyKey ?? crypto.randomUUID(),
      ...(options.chunkCount ? { 'X-Backup-Chunk-Count': String(options.chunkCount) } : {}),
    };
    const { signal, done } = callSignal(options);
    return this.#tried(source, size, headers, options, signal).finally(done);
  }

  async #tried(source: BackupSource, size: number, headers: Record<string, string>, options: UploadOptions, signal?: AbortSignal): Promise<BackupStored> {
    let refused: string | undefined;
    for (let attempt = 0; ; attempt++) {
      const token = await this.api.session().token(refused); // renewed before the body is sent
      try {
        return await orAborted(this.#send(source, size, headers, options, token, signal), signal);
      } catch (error) {
        const status = isAdiuvaError(error) && 'status' in error ? Number(error.status) : 0;
        if (status === 401 && token && refused === undefined) {
          refused = token;
          attempt--;
          continue;
        }
        const worth = error instanceof ConnectionError || status === 429 || status >= 500;
        if (signal?.aborted || !worth || attempt >= (options.maxRetries ?? 2)) throw error;
        await pause((error as { retryAfterMs?: number }).retryAfterMs ?? backoff(attempt), signal);
      }
    }
  }

  /** Opens a download. It resumes where it was cut, and is checked against its SHA-256. */
  async download(options: DownloadOptions = {}): Promise<Download> {
    const { signal, done } = callSignal(options);
    const url = `${this.api.baseUrl}/backup${options.id ? `/${options.id}` : ''}`;
    const first = await orAborted(this.api.fetch(url, { signal }), signal).catch((error: unknown) => { done(); throw error; });
    if (!first.ok || !first.body) {
      done();
      throw errorOf(first.status, await first.json().catch(() => null), first.headers);
    }
    const known = (name: string) => first.headers.get(name) ?? '';
    const about = {
      id: known('x-backup-id'), version: Number(known('x-backup-version')), timestamp: Number(known('x-backup-timestamp')),
      checksum: known('x-backup-checksum'), size: Number(known('content-length')),
    };
    const again = `${this.api.baseUrl}/backup/${about.id || options.id}`; // the latest may be another by then
    const more = (from: number) => orAborted(this.api.fetch(again, { headers: { Range: `bytes=${from}-`, 'If-Range': known('etag') }, signal }), signal);
    return { ...about, body: resumed(first.body, about, more, { signal, done }, options.onProgress) };
  }

  /** Every backup, the newest first, page by page as you go. */
  async *list(options: CallOptions & { pageSize?: number } = {}): AsyncGenerator<BackupMetadata> {
    const limit = options.pageSize ?? 50;
    for (let before: string | undefined; ;) {
      const page = await this.api.history({ limit, ...(before ? { before } : {}) }, options);
      yield* page;
      before = page.at(-1)?.id;
      if (page.length < limit) return;
    }
  }

  /** Deletes a backup; one that is gone already is no error. */
  delete(id: string, call?: CallOptions): Promise<void> { return this.api.remove(id, call); }

  async #send(given: BackupSource, size: number, headers: Record<string, string>, options: UploadOptions, token: string | undefined, signal?: AbortSignal): Promise<BackupStored> {
    const page = typeof XMLHttpRequest !== 'undefined';
    const source = page && 'open' in given ? await new Response(given.open()).blob() : given; // pages send no streams over HTTP/1.1
    if (page && options.onProgress) return this.#sendByXHR(source as Blob, { ...headers, ...(token ? { Authorization: `Bearer ${token}` } : {}) }, options.onProgress, signal);
    const streamed = options.onProgress || 'open' in source;
    const body = streamed ? counted(streamOf(source), size, options.onProgress) : source as Blob;
    // A stream goes out with Content-Length where the runtime allows, and else by X-Backup-Size. With no window and no
    // redirect Node's fetch keeps no copy of what it sent, which would be the whole backup.
    const answer = await this.api.fetch(`${this.api.baseUrl}/backup`,
      { method: 'PUT', headers: { ...headers, 'x-adiuva-retries': '0' }, body, signal, ...(streamed ? { duplex: 'half', window: null, redirect: 'error' } : {}) } as RequestInit);
    const text: unknown = await answer.json().catch(() => null);
    if (!answer.ok) throw errorOf(answer.status, text, answer.headers);
    return text as BackupStored;
  }

  /** Browsers tell of an upload's progress by XMLHttpRequest alone. */
  async #sendByXHR(body: Blob, headers: Record<string, string>, tell: (sent: number, total: number) => void, signal?: AbortSignal): Promise<BackupStored> {
    if (signal?.aborted) throw aborted(signal);
    return new Promise((resolve, reject) => {
      const x = new XMLHttpRequest();
      x.open('PUT', `${this.api.baseUrl}/backup`);
      for (const [name, value] of Object.entries(headers)) x.setRequestHeader(name, value);
      x.upload.onprogress = (event) => tell(event.loaded, event.total);
      x.onerror = () => reject(new ConnectionError('the server could not be reached'));
      x.onabort = () => reject(aborted(signal!));
      x.onload = () => {
        const lines = x.getAllResponseHeaders().trim().split(/[\r\n]+/).filter(Boolean);
        const given = new Headers(lines.map((l) => [l.slice(0, l.indexOf(':')), l.slice(l.indexOf(':') + 1).trim()] as [string, string]));
        let text: unknown = null;
        try { text = JSON.parse(x.responseText); } catch { /* an answer of something in between */ }
        if (x.status >= 200 && x.status < 300) resolve(text as BackupStored);
        else reject(errorOf(x.status, text, given));
      };
      const stop = () => x.abort();
      signal?.addEventListener('abort', stop, { once: true });
      x.onloadend = () => signal?.removeEventListener('abort', stop);
      x.send(body);
    });
  }
}

function sizeOf(source: BackupSource): number {
  return source instanceof Blob ? source.size : source instanceof Uint8Array ? source.byteLength : source.size;
}

const blobOf = (source: Blob | Uint8Array<ArrayBuffer>) => (source instanceof Blob ? source : new Blob([source]));

const piece = 256 * 1024; // bytes handed on at a time, so that progress means something

function streamOf(source: BackupSource): ReadableStream<Uint8Array> {
  if ('open' in source) return source.open();
  const blob = blobOf(source);
  let at = 0;
  return new ReadableStream({
    async pull(out) {
      if (at >= blob.size) return out.close();
      const part = new Uint8Array(await blob.slice(at, at + piece).arrayBuffer());
      at += part.byteLength;
      out.enqueue(part);
    },
  });
}

function counted(stream: ReadableStream<Uint8Array>, total: number, tell: ((n: number, total: number) => void) | undefined): ReadableStream<Uint8Array> {
  let sent = 0;
  return stream.pipeThrough(new TransformStream<Uint8Array, Uint8Array>({
    transform(part, out) {
      sent += part.byteLength;
      tell?.(sent, total);
      out.enqueue(part);
    },
  }));
}

/** The SHA-256 of a source, in hexadecimal digits, without holding it in memory. */
export async function checksumOf(source: BackupSource): Promise<string> {
  const hash = sha256();
  const stream = 'open' in source ? source.open() : blobOf(source).stream(); // thousands of slices are too much for Chromium
  const reader = stream.getReader(); // streams cannot be iterated before Chromium 124
  for (let next = await reader.read(); !next.done; next = await reader.read()) hash.update(next.value);
  return hash.hex();
}

function resumed(
  body: ReadableStream<Uint8Array>, about: { size: number; checksum: string }, more: (from: number) => Promise<Response>,
  { signal, done: release }: { signal?: AbortSignal; done(): void }, tell: ((n: number, total: number) => void) | undefined,
): ReadableStream<Uint8Array> {
  const hash = sha256();
  let reader = body.getReader();
  let received = 0;
  let failures = 0;
  const read = async (): Promise<Uint8Array | undefined> => {
    for (;;) {
      try {
        const { done, value } = await orAborted(reader.read(), signal);
        if (value) return value;
        if (done && received >= about.size) return undefined;
        throw new ConnectionError('the download ended early');
      } catch (cause) {
        if (signal?.aborted) throw aborted(signal, cause);
        if (++failures > resumes) throw new ConnectionError('the download was cut again and again', { cause });
        await pause(failures === 1 ? 0 : backoff(failures - 2), signal);
        const answer = await more(received).catch((error: unknown) => { if (error instanceof ConnectionError) return undefined; throw error; });
        if (!answer) continue;
        if (answer.status !== 206 || !answer.body) throw answer.ok ? new AdiuvaError('the backup is another by now') : errorOf(answer.status, await answer.json().catch(() => null), answer.headers);
        reader = answer.body.getReader();
      }
    }
  };
  return new ReadableStream({
    async pull(out) {
      const part = await read().catch((error: unknown) => { release(); throw error; });
      if (!part) {
        release();
        if (about.checksum && hash.hex() !== about.checksum) throw new ChecksumError('the bytes are not those that were stored');
        return out.close();
      }
      failures = 0;
      received += part.byteLength;
      hash.update(part);
      tell?.(received, about.size);
      out.enqueue(part);
    },
    cancel: (reason) => {
      release();
      return reader.cancel(reason);
    },
  });
}
