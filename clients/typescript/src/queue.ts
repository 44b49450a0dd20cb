import type { BackupStored } from './gen/types.gen.js';
import { ConnectionError, isApiError } from './errors.js';
import type { BackupSource, Backups } from './backups.js';
import { pause } from './transport.js';

/** A backup that waits to be sent. `source` names where your app finds the bytes, a file's path for example. */
export interface QueuedBackup {
  id: string; // also the idempotency key
  source: string;
  version: number;
  timestamp: number;
  attempts: number;
}

/** Keeps the queue over restarts. */
export interface QueueStore {
  load(): Promise<QueuedBackup[]> | QueuedBackup[];
  save(jobs: QueuedBackup[]): Promise<void> | void;
}

export interface QueueOptions {
  store: QueueStore;
  /** Opens the bytes of a job; undefined when they are gone, which drops it. */
  open(job: QueuedBackup): Promise<BackupSource | undefined> | BackupSource | undefined;
  onStored?(job: QueuedBackup, stored: BackupStored): void;
  /** A job that no retry can help, or whose bytes are gone. It has left the queue. */
  onDropped?(job: QueuedBackup, why: unknown): void;
  onProgress?(job: QueuedBackup, sent: number, total: number): void;
  /** Milliseconds before attempt n is repeated; 1 s doubled to 5 min unless said. */
  backoff?(attempts: number): number;
}

const waits = (attempts: number) => Math.min(300_000, 1_000 * 2 ** attempts) * (1 - Math.random() / 4);

/** Sends backups one after the other, whenever the server can be reached. Each is stored once, however often it is sent. */
export class BackupQueue {
  #jobs: QueuedBackup[] | undefined;
  #running: Promise<void> | undefined;
  #stop = new AbortController();
  #hurry = new AbortController();

  constructor(private readonly backups: Backups, private readonly options: QueueOptions) {}

  /** Adds a backup, durably, and begins to send. */
  async add(source: string, version: number): Promise<QueuedBackup> {
    const job = { id: crypto.randomUUID(), source, version, timestamp: Date.now(), attempts: 0 };
    const jobs = await this.#load();
    jobs.push(job);
    await this.options.store.save(jobs);
    void this.start();
    return job;
  }

  /** What waits. */
  async pending(): Promise<readonly QueuedBackup[]> { return [...await this.#load()]; }

  /** Sends until the queue is empty or stop is called. */
  start(): Promise<void> {
    if (this.#stop.signal.aborted) this.#stop = new AbortController();
    this.#running ??= this.#run(this.#stop.signal).finally(() => { this.#running = undefined; });
    return this.#running;
  }

  /** Ends the pause before the next try: call it when the network comes back. */
  hurry(): void { this.#hurry.abort(); }

  /** Stops sending; what waits stays. */
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
        await pause((this.options.backoff ?? waits)(job.attempts), signal, this.#hurry.signal).catch(() => undefined);
      }
    }
  }

  /** Whether the job is done with. */
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
      const later = isApiError(error) && (error.status === 401 || error.status === 408 || error.status === 409 || error.status === 429 || error.status >= 500);
      if (later) return false;
      this.options.onDropped?.(job, error);
      return true;
    }
  }
}
