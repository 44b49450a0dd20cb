import type { ChatRequestWritable as ChatRequest, ChatStreamDone, ChatStreamPlan, ErrorCode } from './gen/types.gen.js';
import { AdiuvaError, StreamClosedError, errorOf, isApiError } from './errors.js';
import type { Session } from './session.js';
import { abortReason, backoff, callSignal, sleep, type CallOptions } from './transport.js';

/** The part of a WebSocket that streams use. Node below 22 has no WebSocket; the one of the package `ws` fits. */
export interface WebSocketLike {
  readonly readyState: number;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: string, listener: (event: any) => void): void;
}
export type WebSocketClass = new (url: string, protocols?: string[]) => WebSocketLike;

/** The last frame of a stream: the complete answer, or a plan to execute. */
export type ChatStreamResult = ChatStreamDone | ChatStreamPlan;

interface FrameError { code: ErrorCode; message: string; request_id: string }
type Frame = { text: string } | { last: ChatStreamResult } | { error: AdiuvaError };

const closeTokenInvalid = 4401; // close code of the API
const maxConnects = 4;

/** A WebSocket with a queue of the frames received. */
class Socket {
  readonly #frames: Frame[] = [];
  #wake: (() => void) | undefined;
  #closed: { code: number; reason: string } | undefined;
  readonly opened: Promise<void>;

  constructor(private readonly ws: WebSocketLike) {
    this.opened = new Promise((resolve, reject) => {
      ws.addEventListener('open', () => resolve());
      ws.addEventListener('close', (event: { code: number; reason: string }) => {
        this.#closed = { code: event.code, reason: String(event.reason ?? '') };
        reject(new StreamClosedError(event.code, this.#closed.reason));
        this.#wake?.();
      });
    });
    this.opened.catch(() => undefined); // a rejection reaches those who await it; it must not be reported as unhandled
    ws.addEventListener('error', () => undefined); // always followed by close
    ws.addEventListener('message', (event: { data: unknown }) => {
      this.#frames.push(parseFrame(String(event.data)));
      this.#wake?.();
    });
  }

  get isOpen(): boolean { return this.#closed === undefined && this.ws.readyState === 1; }

  send(request: ChatRequest): void { this.ws.send(JSON.stringify(request)); }

  close(): void { if (this.ws.readyState <= 1) this.ws.close(1000); }

  /** The next frame; after a close an error frame with a StreamClosedError. Throws when the signal aborts. */
  async next(signal: AbortSignal | undefined): Promise<Frame> {
    for (;;) {
      if (signal?.aborted) throw abortReason(signal);
      const frame = this.#frames.shift();
      if (frame) return frame;
      if (this.#closed) return { error: new StreamClosedError(this.#closed.code, this.#closed.reason) };
      await new Promise<void>((resolve) => {
        const wake = () => {
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        this.#wake = wake;
        signal?.addEventListener('abort', wake);
      });
    }
  }
}

/** A frame is a token of text, unless it is a JSON object: that is the last one, a result or an error. */
function parseFrame(data: string): Frame {
  if (!data.trimStart().startsWith('{')) return { text: data };
  try {
    const last = JSON.parse(data) as ChatStreamResult & { error?: FrameError };
    if (!last.error) return { last };
    const { code, message, request_id } = last.error;
    const problem = { type: 'about:blank', title: code, status: 0, code, detail: message, instance: '', request_id };
    return { error: errorOf(0, problem, new Headers()) };
  } catch {
    return { text: data };
  }
}

/** Whether the server rejected the access token, in an error frame or by its close code. */
function isTokenRejected(error: AdiuvaError): boolean {
  if (isApiError(error)) return error.code.startsWith('token_');
  return error instanceof StreamClosedError && error.closeCode === closeTokenInvalid;
}

/** Opens sockets and keeps an idle one for the next message. A message is never sent twice. */
export class ChatStreams {
  #idle: Socket | undefined;

  constructor(
    private readonly url: string, private readonly session: () => Session,
    private readonly webSocket: WebSocketClass | undefined,
  ) {}

  /** Yields tokens and returns the last frame. Throws a StreamClosedError when the socket closes before it. */
  async *stream(request: ChatRequest, call?: CallOptions): AsyncGenerator<string, ChatStreamResult, void> {
    const { signal, done } = callSignal(call);
    try {
      return yield* this.#stream(request, signal);
    } finally {
      done();
    }
  }

  async *#stream(
    request: ChatRequest, signal: AbortSignal | undefined,
  ): AsyncGenerator<string, ChatStreamResult, void> {
    for (let rejectedToken: string | undefined; ;) {
      const { socket, token } = await this.#connect(signal, rejectedToken);
      let finished = false;
      let started = false;
      try {
        socket.send(request);
        for (;;) {
          const frame = await socket.next(signal);
          if ('last' in frame) {
            finished = true;
            return frame.last;
          }
          if ('text' in frame) {
            started = true;
            yield frame.text;
          } else if (!started && rejectedToken === undefined && token && isTokenRejected(frame.error)) {
            rejectedToken = token; // the server did not read the message, so it may be sent again
            break;
          } else throw frame.error;
        }
      } finally {
        if (finished && socket.isOpen && !this.#idle) this.#idle = socket;
        else socket.close();
      }
    }
  }

  /** Closes the idle socket. */
  close(): void {
    this.#idle?.close();
    this.#idle = undefined;
  }

  /** The idle socket or a new one with the token it uses; tries maxConnects times. `rejected` is a token to replace. */
  async #connect(
    signal: AbortSignal | undefined, rejected: string | undefined,
  ): Promise<{ socket: Socket; token?: string }> {
    const idle = this.#idle;
    this.#idle = undefined;
    if (idle?.isOpen) return { socket: idle };
    for (let attempt = 0; ; attempt++) {
      const token = await this.session().token(rejected);
      const socket = this.#open(token);
      const close = () => socket.close();
      signal?.addEventListener('abort', close, { once: true });
      try {
        await socket.opened;
        return { socket, ...(token ? { token } : {}) };
      } catch (error) {
        if (signal?.aborted) throw abortReason(signal);
        if (attempt + 1 >= maxConnects) throw error;
        await sleep(backoff(attempt), signal);
      } finally {
        signal?.removeEventListener('abort', close);
      }
    }
  }

  #open(token: string | undefined): Socket {
    const WebSocket = this.webSocket ?? (globalThis as { WebSocket?: WebSocketClass }).WebSocket;
    if (!WebSocket) {
      throw new AdiuvaError('there is no WebSocket here: give the client one as the option webSocket '
        + '(in Node 20 that of the package ws)');
    }
    return new Socket(new WebSocket(this.url, ['adiuva.chat.v1', ...(token ? [`bearer.${token}`] : [])]));
  }
}
