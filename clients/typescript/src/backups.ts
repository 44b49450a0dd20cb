import type { BackupMetadata, BackupStored } from './gen/types.gen.js';
import { AdiuvaError, ChecksumError, ConnectionError, errorOf, isAdiuvaError } from './errors.js';
import type { Session } from './session.js';
import { checksumOf, createSha256, sizeOf, toStream, type BackupSource } from './source.js';
import { abortReason, backoff, callSignal, raceAbort, retriesHeader, sleep, type CallOptions } from './transport.js';

export interface UploadOptions extends CallOptions {
  /** The version of your backup format. */
  version: number;
  /** When the backup was made, in milliseconds since the Unix epoch. Default: now. */
  timestamp?: number;
  /** SHA-256 as hexadecimal digits. By default it is computed, which reads the source once more. */
  checksum?: string;
  chunkCount?: number;
  /** Use the same key for every retry of one backup, so that it is stored once. Default: a random UUID per call. */
  idempotencyKey?: string;
  /**
   * The checksum of the backup that this one is based on, null for none. If another device has stored one since, the
   * upload fails with `precondition_failed`. By default the upload becomes the latest backup in any case.
   */
  basedOn?: string | null;
  onProgress?: ProgressListener;
}

export interface DownloadOptions extends CallOptions {
  /** The backup's id. Default: the latest backup. */
  id?: string;
  onProgress?: (received: number, total: number) => void;
}

/** A download. Reading `body` to its end fails with a ChecksumError if the bytes differ from those that were stored. */
export interface Download {
  id: string;
  version: number;
  timestamp: number;
  checksum: string;
  size: number;
  body: ReadableStream<Uint8Array>;
}

type ProgressListener = (sent: number, total: number) => void;

const maxResumes = 5; // consecutive failures of a download before it gives up

export interface BackupApi {
  baseUrl: string;
  fetch: typeof fetch;
  session(): Session;
  history(query: { limit?: number; before?: string }, call?: CallOptions): Promise<BackupMetadata[]>;
  remove(id: string, call?: CallOptions): Promise<void>;
}

/** One upload: what stays the same over its retries. */
interface Upload {
  source: BackupSource;
  size: number;
  headers: Record<string, string>;
  options: UploadOptions;
  signal: AbortSignal | undefined;
}

/** The account's backups. */
export class Backups {
  constructor(private readonly api: BackupApi) {}

  /** Stores a backup and returns its id. */
  async upload(source: BackupSource, options: UploadOptions): Promise<BackupStored> {
    const size = sizeOf(source);
    const headers: Record<string, string> = {
      'Content-Type': 'application/octet-stream',
      'X-Backup-Version': String(options.version),
      'X-Backup-Timestamp': String(options.timestamp ?? Date.now()),
      'X-Backup-Checksum': options.checksum ?? await checksumOf(source),
      'X-Backup-Size': String(size),
      'Idempotency-Key': options.idempotencyKey ?? crypto.randomUUID(),
      ...(options.chunkCount ? { 'X-Backup-Chunk-Count': String(options.chunkCount) } : {}),
      ...(options.basedOn ? { 'If-Match': `"${options.basedOn}"` } : {}),
      ...(options.basedOn === null ? { 'If-None-Match': '*' } : {}),
    };
    const { signal, done } = callSignal(options);
    return this.#putWithRetries({ source, size, headers, options, signal }).finally(done);
  }

  async #putWithRetries(upload: Upload): Promise<BackupStored> {
    const { options, signal } = upload;
    let rejectedToken: string | undefined;
    for (let attempt = 0; ; attempt++) {
      const token = await this.api.session().token(rejectedToken); // refreshed before the body is sent
      try {
        return await raceAbort(this.#put(upload, token), signal);
      } catch (error) {
        const status = isAdiuvaError(error) && 'status' in error ? Number(error.status) : 0;
        if (status === 401 && token && rejectedToken === undefined) {
          rejectedToken = token;
          attempt--;
          continue;
        }
        const retryable = error instanceof ConnectionError || status === 429 || status >= 500;
        if (signal?.aborted || !retryable || attempt >= (options.maxRetries ?? 2)) throw error;
        await sleep((error as { retryAfterMs?: number }).retryAfterMs ?? backoff(attempt), signal);
      }
    }
  }

  /** Opens a download. It resumes where the connection was cut, and its SHA-256 is verified at the end. */
  async download(options: DownloadOptions = {}): Promise<Download> {
    const { signal, done } = callSignal(options);
    const url = `${this.api.baseUrl}/backup${options.id ? `/${options.id}` : ''}`;
    const response = await raceAbort(this.api.fetch(url, { signal }), signal).catch((error: unknown) => {
      done();
      throw error;
    });
    if (!response.ok || !response.body) {
      done();
      throw errorOf(response.status, await response.json().catch(() => null), response.headers);
    }
    const header = (name: string) => response.headers.get(name) ?? '';
    const metadata = {
      id: header('x-backup-id'),
      version: Number(header('x-backup-version')),
      timestamp: Number(header('x-backup-timestamp')),
      checksum: header('x-backup-checksum'),
      size: Number(header('content-length')),
    };
    // By id, since another backup may be the latest by the time of a resume.
    const resumeUrl = `${this.api.baseUrl}/backup/${metadata.id || options.id}`;
    const fetchFrom = (offset: number) => {
      const headers = { Range: `bytes=${offset}-`, 'If-Range': header('etag') };
      return raceAbort(this.api.fetch(resumeUrl, { headers, signal }), signal);
    };
    const body = resumingBody(response.body, metadata, fetchFrom, { signal, done }, options.onProgress);
    return { ...metadata, body };
  }

  /** Every backup, newest first. Pages are fetched as you iterate. */
  async *list(options: CallOptions & { pageSize?: number } = {}): AsyncGenerator<BackupMetadata> {
    const limit = options.pageSize ?? 50;
    for (let before: string | undefined; ;) {
      const page = await this.api.history({ limit, ...(before ? { before } : {}) }, options);
      yield* page;
      before = page.at(-1)?.id;
      if (page.length < limit) return;
    }
  }

  /** Deletes a backup. Deleting one that is already gone is not an error. */
  delete(id: string, call?: CallOptions): Promise<void> { return this.api.remove(id, call); }

  async #put({ source, size, headers, options, signal }: Upload, token: string | undefined): Promise<BackupStored> {
    const { onProgress } = options;
    if (typeof XMLHttpRequest !== 'undefined') {
      // Pages cannot stream a request body over HTTP/1.1.
      if ('open' in source) source = await new Response(source.open()).blob();
      if (onProgress) {
        const withToken = token ? { ...headers, Authorization: `Bearer ${token}` } : headers;
        return this.#putWithXHR(source as Blob, withToken, onProgress, signal);
      }
    }
    const streaming = onProgress || 'open' in source;
    const body = streaming ? withProgress(toStream(source), size, onProgress) : source as Blob;
    // A stream goes out with Content-Length where the runtime allows it, otherwise the server relies on X-Backup-Size.
    // Without a window and redirects, Node's fetch keeps no copy of what it sent, which would be the whole backup.
    const streamInit = streaming ? { duplex: 'half', window: null, redirect: 'error' } : {};
    const init = { method: 'PUT', headers: { ...headers, [retriesHeader]: '0' }, body, signal, ...streamInit };
    const response = await this.api.fetch(`${this.api.baseUrl}/backup`, init as RequestInit);
    const json: unknown = await response.json().catch(() => null);
    if (!response.ok) throw errorOf(response.status, json, response.headers);
    return json as BackupStored;
  }

  /** Browsers report the progress of an upload only through XMLHttpRequest. */
  async #putWithXHR(
    body: Blob, headers: Record<string, string>, onProgress: ProgressListener, signal?: AbortSignal,
  ): Promise<BackupStored> {
    if (signal?.aborted) throw abortReason(signal);
    return new Promise((resolve, reject) => {
      const xhr = new XMLHttpRequest();
      xhr.open('PUT', `${this.api.baseUrl}/backup`);
      for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value);
      xhr.upload.onprogress = (event) => onProgress(event.loaded, event.total);
      xhr.onerror = () => reject(new ConnectionError('the server could not be reached'));
      xhr.onabort = () => reject(abortReason(signal!));
      xhr.onload = () => {
        let json: unknown = null;
        try { json = JSON.parse(xhr.responseText); } catch { /* not from the API: errorOf reports it */ }
        if (xhr.status >= 200 && xhr.status < 300) resolve(json as BackupStored);
        else reject(errorOf(xhr.status, json, parseHeaders(xhr.getAllResponseHeaders())));
      };
      const abort = () => xhr.abort();
      signal?.addEventListener('abort', abort, { once: true });
      xhr.onloadend = () => signal?.removeEventListener('abort', abort);
      xhr.send(body);
    });
  }
}

function parseHeaders(text: string): Headers {
  const lines = text.trim().split(/[\r\n]+/).filter(Boolean);
  return new Headers(lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  }));
}

function withProgress(
  stream: ReadableStream<Uint8Array>, total: number, onProgress: ProgressListener | undefined,
): ReadableStream<Uint8Array> {
  let sent = 0;
  return stream.pipeThrough(new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      sent += chunk.byteLength;
      onProgress?.(sent, total);
      controller.enqueue(chunk);
    },
  }));
}

/**
 * The body of a download. When the connection is cut it continues with a range request, and fails after maxResumes
 * resumes without a byte. Calls done once the body has ended, failed or been canceled.
 */
function resumingBody(
  body: ReadableStream<Uint8Array>, { size, checksum }: { size: number; checksum: string },
  fetchFrom: (offset: number) => Promise<Response>, { signal, done }: ReturnType<typeof callSignal>,
  onProgress: ((received: number, total: number) => void) | undefined,
): ReadableStream<Uint8Array> {
  const hash = createSha256();
  let reader = body.getReader();
  let received = 0;
  let failures = 0;
  const resume = async () => {
    await sleep(failures === 1 ? 0 : backoff(failures - 2), signal);
    const response = await fetchFrom(received).catch((error: unknown) => {
      if (error instanceof ConnectionError) return undefined; // the next read fails too, and counts
      throw error;
    });
    if (!response) return;
    if (response.status === 206 && response.body) {
      reader = response.body.getReader();
      return;
    }
    if (response.ok) throw new AdiuvaError('the backup is another by now');
    throw errorOf(response.status, await response.json().catch(() => null), response.headers);
  };
  const readChunk = async (): Promise<Uint8Array | undefined> => {
    for (;;) {
      try {
        const next = await raceAbort(reader.read(), signal);
        if (next.value) return next.value;
        if (next.done && received >= size) return undefined;
        throw new ConnectionError('the download ended early');
      } catch (cause) {
        if (signal?.aborted) throw abortReason(signal, cause);
        if (++failures > maxResumes) throw new ConnectionError('the download was cut again and again', { cause });
        await resume();
      }
    }
  };
  return new ReadableStream({
    async pull(controller) {
      const chunk = await readChunk().catch((error: unknown) => { done(); throw error; });
      if (!chunk) {
        done();
        if (checksum && hash.hex() !== checksum) throw new ChecksumError('the bytes are not those that were stored');
        return controller.close();
      }
      failures = 0;
      received += chunk.byteLength;
      hash.update(chunk);
      onProgress?.(received, size);
      controller.enqueue(chunk);
    },
    cancel: (reason) => {
      done();
      return reader.cancel(reason);
    },
  });
}
