import type { ErrorCode, Problem, ProblemDetail } from './gen/types.gen.js';

const brand = Symbol.for('@adiuva/api-client/error'); // instanceof fails when two copies of the package are loaded

/** The base of every error that this package throws, except the reason of your own AbortSignal. */
export class AdiuvaError extends Error {
  override name = 'AdiuvaError';
  readonly [brand] = true;
}

/** No response: the network failed or the server is unreachable. The call may or may not have taken effect. */
export class ConnectionError extends AdiuvaError { override name = 'ConnectionError'; }

/** The call took longer than its `timeoutMs`. */
export class TimeoutError extends ConnectionError { override name = 'TimeoutError'; }

/** The bytes of a download differ from those that were stored. */
export class ChecksumError extends AdiuvaError { override name = 'ChecksumError'; }

/** The stream closed before its last frame. Do not show the partial text as an answer. */
export class StreamClosedError extends AdiuvaError {
  override name = 'StreamClosedError';
  constructor(readonly closeCode: number, readonly reason: string) {
    super(`the stream was closed (${closeCode}) ${reason}`.trim());
  }
}

/** The server responded with a problem; `code` identifies it, and `/docs/errors/{code}` explains what to do. */
export class ApiError extends AdiuvaError {
  override name = 'ApiError';
  readonly code: ErrorCode;
  readonly requestId: string | undefined;
  constructor(readonly status: number, readonly problem: Problem, readonly headers: Headers = new Headers()) {
    const id = problem.request_id ?? headers.get('x-request-id') ?? undefined;
    super(`${status} ${problem.code}: ${problem.detail ?? problem.title}${id ? ` (request ${id})` : ''}`);
    this.code = problem.code;
    this.requestId = id;
  }
  /** How long the server asks you to wait, in milliseconds; undefined if it does not say. */
  get retryAfterMs(): number | undefined { return retryAfter(this.headers); }
}

/** 401: log in again. */
export class AuthenticationError extends ApiError { override name = 'AuthenticationError'; }

/** 422: `errors` lists each invalid field. */
export class ValidationError extends ApiError {
  override name = 'ValidationError';
  get errors(): ProblemDetail[] { return this.problem.errors ?? []; }
}

/** 429: wait `retryAfterMs` before trying again. */
export class RateLimitError extends ApiError { override name = 'RateLimitError'; }

/** Whether an error is a response of the server, optionally one with the given code. */
export function isApiError<C extends ErrorCode>(error: unknown, code?: C): error is ApiError & { code: C } {
  return isAdiuvaError(error) && 'problem' in error && (code === undefined || (error as ApiError).code === code);
}

/** Whether an error comes from this package, including another copy of it. */
export function isAdiuvaError(error: unknown): error is AdiuvaError {
  return typeof error === 'object' && error !== null && brand in error;
}

/** The error for a response that is not 2xx. A body that is no problem gets the code `internal`. */
export function errorOf(status: number, body: unknown, headers: Headers): ApiError {
  const isProblem = typeof body === 'object' && body !== null && 'code' in body;
  const problem: Problem = isProblem ? body as Problem : {
    type: 'about:blank', title: `HTTP ${status}`, status, code: 'internal', instance: '',
    detail: 'The answer is not one of the API; something in between may have given it.',
    request_id: headers.get('x-request-id') ?? '',
  };
  if (status === 401) return new AuthenticationError(status, problem, headers);
  if (status === 422) return new ValidationError(status, problem, headers);
  if (status === 429) return new RateLimitError(status, problem, headers);
  return new ApiError(status, problem, headers);
}

/** The Retry-After header in milliseconds, given in seconds or as a date; undefined if absent or malformed. */
export function retryAfter(headers: Headers): number | undefined {
  const value = headers.get('retry-after');
  if (!value) return undefined;
  const at = Number.isFinite(Number(value)) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(at) ? undefined : Math.max(0, at);
}
