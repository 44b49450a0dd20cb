import type { ChatRequest, ChatStreamDone, ChatStreamPlan, ErrorCode } from './gen/types.gen.js';
import { AdiuvaError, StreamClosedError, errorOf, isApiError } from './errors.js';
import type { Session } from './session.js';
import { aborted, backoff, callSignal, pause, type CallOptions } from './transport.js';

/** What a stream needs of a WebSocket; Node below 22 has none of its own, and the package `ws` has one. */
export interface WebSocketLike {
  readonly readyState: number;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: string, listener: (event: any) => void): void;
}
export type WebSocketClass = new (url: string, protocols?: string[]) => WebSocketLike;

/** The end of a stream: an answer, or a plan to carry out. */
export type ChatStreamResult = ChatStreamDone | ChatStreamPlan;

type Frame = { text: string } | { last: ChatStreamResult } | { error: AdiuvaError };

const tokenRefused = 4401;
const connects = 4;

/** A socket and what arrived on it. */
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
    this.opened.catch(() => undefined); // whoever waits for it hears of it
    ws.addEventListener('error', () => undefined); // a close follows
    ws.addEventListener('message', (event: { data: unknown }) => { this.#frames.push(frameOf(String(event.data))); this.#wake?.(); });
  }

  get alive(): boolean { return this.#closed === undefined && this.ws.readyState === 1; }

  send(request: ChatRequest): void { this.ws.send(JSON.stringify(request)); }

  close(): void { if (this.ws.readyState <= 1) this.ws.close(1000); }

  /** The next frame, or a StreamClosedError. */
  async next(signal: AbortSignal | undefined): Promise<Frame> {
    for (;;) {
      if (signal?.aborted) throw aborted(signal);
      const frame = this.#frames.shift();
      if (frame) return frame;
      if (this.#closed) return { error: new StreamClosedError(this.#closed.code, this.#closed.reason) };
      await new Promise<void>((resolve) => {
        const wake = () => { signal?.removeEventListener('abort', wake); resolve(); };
        this.#wake = wake;
        signal?.addEventListener('abort', wake);
      });
    }
  }
}

/** A frame is a token unless it is a JSON object; that one is the last. */
function frameOf(data: string): Frame {
  if (!data.trimStart().startsWith('{')) return { text: data };
  try {
    const last = JSON.parse(data) as ChatStreamResult & { error?: { code: ErrorCode; message: string; request_id: string } };
    if (!last.error) return { last };
    const { code, message, request_id } = last.error;
    return { error: errorOf(0, { type: 'about:blank', title: code, status: 0, code, detail: message, instance: '', request_id }, new Headers()) };
  } catch {
    return { text: data };
  }
}

/** Whether the server refused the token: it says so in a frame, and closes. */
function signedOut(error: AdiuvaError): boolean {
  return isApiError(error) ? error.code.startsWith('token_') : error instanceof StreamClosedError && error.closeCode === tokenRefused;
}

/** Opens sockets, keeps one that is idle for the next message, and never sends a message twice. */
export class ChatStreams {
  #idle: Socket | undefined;

  constructor(private readonly url: string, private readonly session: () => Session, private readonly webSocket: WebSocketClass | undefined) {}

  /** Yields tokens and returns the last frame. Once the message was taken a lost socket is a StreamClosedError. */
  async *stream(request: ChatRequest, call?: CallOptions): AsyncGenerator<string, ChatStreamResult, void> {
    const { signal, done } = callSignal(call);
    try {
      return yield* this.#stream(request, signal);
    } finally {
      done();
    }
  }

  async *#stream(request: ChatRequest, signal: AbortSignal | undefined): AsyncGenerator<string, ChatStreamResult, void> {
    for (let refused: string | undefined; ;) {
      const { socket, token } = await this.#connect(signal, refused);
      let whole = false;
      let silent = true;
      try {
        socket.send(request);
        for (;;) {
          const frame = await socket.next(signal);
          if ('last' in frame) {
            whole = true;
            return frame.last;
          }
          if ('text' in frame) {
            silent = false;
            yield frame.text;
          } else if (silent && refused === undefined && token && signedOut(frame.error)) { // before it read the message
            refused = token;
            break;
          } else throw frame.error;
        }
      } finally {
        if (whole && socket.alive && !this.#idle) this.#idle = socket;
        else socket.close();
      }
    }
  }

  /** Ends the socket that waits for the next message. */
  close(): void {
    this.#idle?.close();
    this.#idle = undefined;
  }

  /** An open socket, after a few tries; `refused` is a token that the server did not take. */
  async #connect(signal: AbortSignal | undefined, refused: string | undefined): Promise<{ socket: Socket; token?: string }> {
    const idle = this.#idle;
    this.#idle = undefined;
    if (idle?.alive) return { socket: idle };
    for (let attempt = 0; ; attempt++) {
      const token = await this.session().token(refused);
      const socket = this.#open(token);
      const stop = () => socket.close();
      signal?.addEventListener('abort', stop, { once: true });
      try {
        await socket.opened;
        return { socket, ...(token ? { token } : {}) };
      } catch (error) {
        if (signal?.aborted) throw aborted(signal);
        if (attempt + 1 >= connects) throw error;
        await pause(backoff(attempt), signal);
      } finally {
        signal?.removeEventListener('abort', stop);
      }
    }
  }

  #open(token: string | undefined): Socket {
    const Class = this.webSocket ?? (globalThis as { WebSocket?: WebSocketClass }).WebSocket;
    if (!Class) throw new AdiuvaError('there is no WebSocket here: give the client one as the option webSocket (in Node 20 that of the package ws)');
    return new Socket(new Class(this.url, ['adiuva.chat.v1', ...(token ? [`bearer.${token}`] : [])]));
  }
}
