import { ConnectionError, TimeoutError, retryAfter } from './errors.js';
import type { Session } from './session.js';

/** What can be said for one call. */
export interface CallOptions {
  signal?: AbortSignal;
  /** Milliseconds until TimeoutError; 60,000 unless said. Transfers and streams have none unless said. */
  timeoutMs?: number;
  /** How often a call that failed is tried again; 2 unless said. */
  maxRetries?: number;
}

export interface TransportOptions {
  fetch: typeof fetch;
  maxRetries: number;
}

const again = new Set([408, 425, 429, 500, 502, 503, 504]);
const longestWait = 60_000; // that a Retry-After may ask for before the error goes to the caller
export const tries = 'x-adiuva-retries'; // between a call and its transport; it never leaves

/** A fetch with tokens, retries and a renewed token after a 401. */
export function transport(options: TransportOptions, session: () => Session): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    const open = /\/auth\/(login|register|refresh)$/.test(new URL(request.url).pathname);
    const limit = Number(request.headers.get(tries) ?? options.maxRetries);
    request.headers.delete(tries);
    const once = init !== undefined && 'duplex' in init; // a stream: a copy for a second try would hold all of it in memory
    const repeatable = request.method !== 'POST' || request.headers.has('idempotency-key');
    let renewed = false;
    for (let attempt = 0; ; attempt++) {
      const token = open ? undefined : await session().token();
      const one = once ? request : request.clone();
      if (token) one.headers.set('authorization', `Bearer ${token}`);
      let answer: Response;
      try {
        answer = await options.fetch(one);
      } catch (cause) {
        if (request.signal.aborted) throw aborted(request.signal, cause);
        if (once || !repeatable || attempt >= limit) throw new ConnectionError('the server could not be reached', { cause });
        await pause(backoff(attempt), request.signal);
        continue;
      }
      if (once) return answer;
      if (answer.status === 401 && token && !renewed) {
        renewed = true;
        await answer.body?.cancel();
        await session().token(token);
        attempt--;
        continue;
      }
      const wait = retryAfter(answer.headers);
      const worth = again.has(answer.status) && (repeatable || answer.status === 429 || answer.status === 503);
      if (!worth || attempt >= limit || (wait ?? 0) > longestWait) return answer;
      await answer.body?.cancel();
      await pause(wait ?? backoff(attempt), request.signal);
    }
  };
}

/** What an aborted signal means: the caller's own reason, or our TimeoutError. */
export function aborted(signal: AbortSignal, cause?: unknown): unknown {
  return (signal.reason as { name?: string } | undefined)?.name === 'TimeoutError'
    ? new TimeoutError('the time for the call was over', { cause }) : signal.reason;
}

/**
 * The signal of one call: the caller's and the time limit's, until done() is called, which leaves nothing behind on a signal
 * that lives longer. Chromium has AbortSignal.any since 116, and in Node one over AbortSignal.timeout may never abort
 * (nodejs/node#57736).
 */
export function callSignal(call: CallOptions | undefined, timeoutMs?: number): { signal?: AbortSignal; done(): void } {
  const given = call?.signal;
  const limit = call?.timeoutMs ?? timeoutMs;
  if (!given && limit === undefined) return { done: () => undefined };
  const own = new AbortController();
  const stop = () => own.abort(given!.reason);
  const timer = limit === undefined ? undefined : setTimeout(() => own.abort(new DOMException('the time was over', 'TimeoutError')), limit);
  (timer as { unref?(): void } | undefined)?.unref?.(); // it keeps no Node process from ending
  if (given?.aborted) stop();
  else given?.addEventListener('abort', stop);
  return { signal: own.signal, done: () => { clearTimeout(timer); given?.removeEventListener('abort', stop); } };
}

/**
 * What work comes to, or the signal's reason once it aborts. fetch hears of an abort through copies of the signal, which
 * Node may have collected by then (nodejs/undici#3644), so that nobody may wait for fetch alone.
 */
export function orAborted<T>(work: Promise<T>, signal?: AbortSignal | null): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const stop = () => reject(aborted(signal));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** 0.5 s doubled with each attempt, at most 8 s, up to a quarter less so that clients do not come back together. */
export function backoff(attempt: number): number {
  return Math.min(8_000, 500 * 2 ** attempt) * (1 - Math.random() / 4);
}

/** Waits, or throws the reason of the first signal that aborts. */
export function pause(ms: number, ...signals: (AbortSignal | null | undefined)[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      for (const one of signals) one?.removeEventListener('abort', end);
      const stopped = signals.find((one) => one?.aborted);
      if (stopped) reject(aborted(stopped));
      else resolve();
    };
    const timer = setTimeout(end, ms);
    for (const one of signals) one?.addEventListener('abort', end);
    if (signals.some((one) => one?.aborted)) end();
  });
}
