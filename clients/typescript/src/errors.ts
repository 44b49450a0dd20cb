import type { ErrorCode, Problem, ProblemDetail } from './gen/types.gen.js';

const brand = Symbol.for('@adiuva/api-client/error'); // instanceof breaks where two copies of the package are loaded

/** Every error that this package throws, but for an AbortError of your own signal. */
export class AdiuvaError extends Error {
  override name = 'AdiuvaError';
  readonly [brand] = true;
}

/** No answer came: the network failed, or the server is away. Whether the call had its effect is open. */
export class ConnectionError extends AdiuvaError { override name = 'ConnectionError'; }

/** The time for the call was over. */
export class TimeoutError extends ConnectionError { override name = 'TimeoutError'; }

/** The bytes of a download are not those that were stored. */
export class ChecksumError extends AdiuvaError { override name = 'ChecksumError'; }

/** The stream closed before its last frame. What was said is not to be shown as an answer. */
export class StreamClosedError extends AdiuvaError {
  override name = 'StreamClosedError';
  constructor(readonly closeCode: number, readonly reason: string) { super(`the stream was closed (${closeCode}) ${reason}`.trim()); }
}

/** The server answered with a problem; `code` says which, and `/docs/errors/{code}` what to do. */
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
  /** How long the server asks to wait, in milliseconds. */
  get retryAfterMs(): number | undefined { return retryAfter(this.headers); }
}

/** 401: log in again. */
export class AuthenticationError extends ApiError { override name = 'AuthenticationError'; }

/** 422: `errors` names each member that is wrong. */
export class ValidationError extends ApiError {
  override name = 'ValidationError';
  get errors(): ProblemDetail[] { return this.problem.errors ?? []; }
}

/** 429: wait for `retryAfterMs`. */
export class RateLimitError extends ApiError { override name = 'RateLimitError'; }

/** Whether an error is the server's answer, optionally of one code. */
export function isApiError<C extends ErrorCode>(error: unknown, code?: C): error is ApiError & { code: C } {
  return isAdiuvaError(error) && 'problem' in error && (code === undefined || (error as ApiError).code === code);
}

/** Whether an error is one of this package, also of another copy of it. */
export function isAdiuvaError(error: unknown): error is AdiuvaError {
  return typeof error === 'object' && error !== null && brand in error;
}

/** The error for an answer that is not 2xx. */
export function errorOf(status: number, body: unknown, headers: Headers): ApiError {
  const problem: Problem = typeof body === 'object' && body !== null && 'code' in body ? body as Problem : {
    type: 'about:blank', title: `HTTP ${status}`, status, code: 'internal', instance: '',
    detail: 'The answer is not one of the API; something in between may have given it.', request_id: headers.get('x-request-id') ?? '',
  };
  if (status === 401) return new AuthenticationError(status, problem, headers);
  if (status === 422) return new ValidationError(status, problem, headers);
  if (status === 429) return new RateLimitError(status, problem, headers);
  return new ApiError(status, problem, headers);
}

/** Retry-After in milliseconds, from seconds or a date. */
export function retryAfter(headers: Headers): number | undefined {
  const value = headers.get('retry-after');
  if (!value) return undefined;
  const at = Number.isFinite(Number(value)) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(at) ? undefined : Math.max(0, at);
}
