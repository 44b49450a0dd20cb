import { ConnectionError, TimeoutError, retryAfter } from './errors.js';
import type { Session } from './session.js';

/** Options of a single call. */
export interface CallOptions {
  signal?: AbortSignal;
  /** Milliseconds until the call fails with TimeoutError. Default: 60,000; none for transfers and running streams. */
  timeoutMs?: number;
  /** How often a failed call is retried. Default: 2. */
  maxRetries?: number;
}

export interface TransportOptions {
  fetch: typeof fetch;
  maxRetries: number;
}

const retryableStatuses = new Set([408, 425, 429, 500, 502, 503, 504]);
const maxRetryAfter = 60_000; // milliseconds; with a longer Retry-After the error goes to the caller

/** Carries a call's maxRetries to its transport, which removes it before sending. */
export const retriesHeader = 'x-adiuva-retries';

/** A fetch that adds the access token, retries failed requests, and refreshes the token once after a 401. */
export function transport(options: TransportOptions, session: () => Session): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    const isPublic = /\/auth\/(login|register|refresh|password\/reset|passkeys\/(login|token)|sso)(\/[a-z-]+)*$/
      .test(new URL(request.url).pathname);
    const maxRetries = Number(request.headers.get(retriesHeader) ?? options.maxRetries);
    request.headers.delete(retriesHeader);
    const streaming = init !== undefined && 'duplex' in init; // never retried: a clone would keep the whole body
    const idempotent = request.method !== 'POST' || request.headers.has('idempotency-key');
    let refreshed = false;
    for (let attempt = 0; ; attempt++) {
      const token = isPublic ? undefined : await session().token();
      const clone = streaming ? request : request.clone();
      if (token) clone.headers.set('authorization', `Bearer ${token}`);
      let response: Response;
      try {
        response = await options.fetch(clone);
      } catch (cause) {
        if (request.signal.aborted) throw abortReason(request.signal, cause);
        if (streaming || !idempotent || attempt >= maxRetries) {
          throw new ConnectionError('the server could not be reached', { cause });
        }
        await sleep(backoff(attempt), request.signal);
        continue;
      }
      session().learnTime(response.headers.get('date'));
      if (streaming) return response;
      if (response.status === 401 && token && !refreshed && !session().apiKey) {
        refreshed = true;
        await response.body?.cancel();
        await session().token(token);
        attempt--;
        continue;
      }
      const wait = retryAfter(response.headers);
      const unprocessed = response.status === 429 || response.status === 503;
      const retryable = retryableStatuses.has(response.status) && (idempotent || unprocessed);
      if (!retryable || attempt >= maxRetries || (wait ?? 0) > maxRetryAfter) return response;
      await response.body?.cancel();
      await sleep(wait ?? backoff(attempt), request.signal);
    }
  };
}

/** The error to throw for an aborted signal: a TimeoutError when it timed out, otherwise the caller's own reason. */
export function abortReason(signal: AbortSignal, cause?: unknown): unknown {
  return (signal.reason as { name?: string } | undefined)?.name === 'TimeoutError'
    ? new TimeoutError('the time for the call was over', { cause }) : signal.reason;
}

/**
 * A signal that aborts with the caller's signal or after the timeout. Call done() at the end: it removes the timer and
 * the listener, so that nothing of the call stays on a signal that outlives it.
 *
 * Not AbortSignal.any: Chromium has it only since 116, and in Node one over AbortSignal.timeout may never abort
 * (nodejs/node#57736).
 */
export function callSignal(call: CallOptions | undefined, timeoutMs?: number): { signal?: AbortSignal; done(): void } {
  const parent = call?.signal;
  const timeout = call?.timeoutMs ?? timeoutMs;
  if (!parent && timeout === undefined) return { done: () => undefined };
  const controller = new AbortController();
  const onAbort = () => controller.abort(parent!.reason);
  const onTimeout = () => controller.abort(new DOMException('the time was over', 'TimeoutError'));
  const timer = timeout === undefined ? undefined : setTimeout(onTimeout, timeout);
  (timer as { unref?(): void } | undefined)?.unref?.(); // must not keep a Node process alive
  if (parent?.aborted) onAbort();
  else parent?.addEventListener('abort', onAbort);
  const done = () => {
    clearTimeout(timer);
    parent?.removeEventListener('abort', onAbort);
  };
  return { signal: controller.signal, done };
}

/**
 * The result of work, or a rejection with the signal's reason as soon as it aborts. Awaiting fetch alone is not enough:
 * it listens through copies of the signal, which Node may already have collected (nodejs/undici#3644).
 */
export function raceAbort<T>(work: Promise<T>, signal?: AbortSignal | null): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(abortReason(signal));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** Milliseconds to wait after an attempt, from 0: 500 doubled each time, at most 8,000, minus up to 25 % of jitter. */
export function backoff(attempt: number): number {
  return Math.min(8_000, 500 * 2 ** attempt) * (1 - Math.random() / 4);
}

/** Waits, or rejects with the reason of the first signal that aborts. */
export function sleep(ms: number, ...signals: (AbortSignal | null | undefined)[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      for (const signal of signals) signal?.removeEventListener('abort', end);
      const aborted = signals.find((signal) => signal?.aborted);
      if (aborted) reject(abortReason(aborted));
      else resolve();
    };
    const timer = setTimeout(end, ms);
    for (const signal of signals) signal?.addEventListener('abort', end);
    if (signals.some((signal) => signal?.aborted)) end();
  });
}
