import type { BackupStored } from './gen/types.gen.js';
import { ConnectionError, isApiError } from './errors.js';
import type { Backups } from './backups.js';
import type { BackupSource } from './source.js';
import { sleep } from './transport.js';

/** A backup waiting to be sent. `source` tells your app where the bytes are, for example a file path. */
export interface QueuedBackup {
  id: string; // also the idempotency key
  source: string;
  version: number;
  timestamp: number;
  attempts: number;
}

/** Persists the queue across restarts. */
export interface QueueStore {
  load(): Promise<QueuedBackup[]> | QueuedBackup[];
  save(jobs: QueuedBackup[]): Promise<void> | void;
}

export interface QueueOptions {
  store: QueueStore;
  /** Opens the bytes of a job. Returning undefined, because they are gone, drops the job. */
  open(job: QueuedBackup): Promise<BackupSource | undefined> | BackupSource | undefined;
  onStored?(job: QueuedBackup, stored: BackupStored): void;
  /** Called when a job has left the queue because no retry can help or its bytes are gone. */
  onDropped?(job: QueuedBackup, why: unknown): void;
  onProgress?(job: QueuedBackup, sent: number, total: number): void;
  /** Milliseconds to wait after n failed attempts. Default: 1 s doubled up to 5 min, minus up to 25 %. */
  backoff?(attempts: number): number;
}

const retryableStatuses = new Set([401, 408, 409, 429]); // and every 5xx

const defaultBackoff = (attempts: number) => Math.min(300_000, 1_000 * 2 ** attempts) * (1 - Math.random() / 4);

/** Sends backups one after the other, retrying until the server stores them. Each is stored once. */
export class BackupQueue {
  #jobs: QueuedBackup[] | undefined;
  #running: Promise<void> | undefined;
  #stop = new AbortController();
  #hurry = new AbortController();

  constructor(private readonly backups: Backups, private readonly options: QueueOptions) {}

  /** Saves a backup in the queue and starts sending. */
  async add(source: string, version: number): Promise<QueuedBackup> {
    const job = { id: crypto.randomUUID(), source, version, timestamp: Date.now(), attempts: 0 };
    const jobs = await this.#load();
    jobs.push(job);
    await this.options.store.save(jobs);
    void this.start();
    return job;
  }

  /** The backups still to be sent, in order. */
  async pending(): Promise<readonly QueuedBackup[]> { return [...await this.#load()]; }

  /** Sends until the queue is empty or stop() is called. */
  start(): Promise<void> {
    if (this.#stop.signal.aborted) this.#stop = new AbortController();
    this.#running ??= this.#run(this.#stop.signal).finally(() => { this.#running = undefined; });
    return this.#running;
  }

  /** Retries now instead of after the backoff. Call it when the network comes back. */
  hurry(): void { this.#hurry.abort(); }

  /** Stops sending. Unsent backups stay in the queue. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#hurry.abort();
    await this.#running;
  }

  async #load(): Promise<QueuedBackup[]> { return this.#jobs ??= [...await this.options.store.load()]; }

  async #run(signal: AbortSignal): Promise<void> {
    const jobs = await this.#load();
    for (let job = jobs[0]; job && !signal.aborted; job = jobs[0]) {
      const settled = await this.#send(job, signal);
      if (settled) jobs.shift();
      else if (!signal.aborted) job.attempts++;
      await this.options.store.save(jobs);
      if (!settled && !signal.aborted) {
        this.#hurry = new AbortController();
        const wait = (this.options.backoff ?? defaultBackoff)(job.attempts);
        await sleep(wait, signal, this.#hurry.signal).catch(() => undefined);
      }
    }
  }

  /** Whether the job is finished: stored, or dropped. */
  async #send(job: QueuedBackup, signal: AbortSignal): Promise<boolean> {
    try {
      const source = await this.options.open(job);
      if (!source) throw new Error('the bytes are gone');
      const stored = await this.backups.upload(source, {
        version: job.version, timestamp: job.timestamp, idempotencyKey: job.id, signal, maxRetries: 0,
        onProgress: (sent, total) => this.options.onProgress?.(job, sent, total),
      });
      this.options.onStored?.(job, stored);
      return true;
    } catch (error) {
      if (signal.aborted || error instanceof ConnectionError) return false;
      if (isApiError(error) && (retryableStatuses.has(error.status) || error.status >= 500)) return false;
      this.options.onDropped?.(job, error);
      return true;
    }
  }
}
