import type { ChatRequestWritable as ChatRequest } from './gen/types.gen.js';
import { Inbox, closedBySilence, type Channel, type ChatEvent, type Received } from './events.js';
import { AdiuvaError, StreamClosedError, isApiError } from './errors.js';
import { abortReason } from './transport.js';

/** The part of a WebSocket that streams use. Node below 22 has no WebSocket; the one of the package `ws` fits. */
export interface WebSocketLike {
  readonly readyState: number;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: string, listener: (event: any) => void): void;
}
export type WebSocketClass = new (url: string, protocols?: string[]) => WebSocketLike;

const closeTokenInvalid = 4401; // close code of the API
const pongTimeout = 5_000; // milliseconds until an idle socket that does not answer a ping counts as dead
const cancelTimeout = 5_000; // milliseconds until a cancelled answer counts as ended without its `done`
const trusted = 1_000; // milliseconds for which a socket that was heard needs no ping

/** Whether the server rejected the access token, in an error event or by its close code. */
export function isTokenRejected(error: AdiuvaError): boolean {
  if (isApiError(error)) return error.code.startsWith('token_');
  return error instanceof StreamClosedError && error.closeCode === closeTokenInvalid;
}

/** A WebSocket of version 2 of the stream. */
export class Socket implements Channel {
  readonly opened: Promise<void>;
  readonly #inbox = new Inbox();
  #pong: (() => void) | undefined;
  #refuse!: (error: AdiuvaError) => void;
  #cancelling: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly ws: WebSocketLike, private readonly keep: (socket: Socket) => void) {
    this.opened = new Promise((resolve, reject) => {
      ws.addEventListener('open', () => resolve());
      this.#refuse = reject;
    });
    this.opened.catch(() => undefined); // a rejection reaches those who await it; it must not be reported as unhandled
    ws.addEventListener('close', ({ code, reason }) => this.#end(new StreamClosedError(code, String(reason ?? ''))));
    ws.addEventListener('error', () => undefined); // always followed by close
    ws.addEventListener('message', ({ data }: { data: unknown }) => this.#receive(String(data)));
  }

  get isOpen(): boolean { return !this.#inbox.ended && this.ws.readyState === 1; }

  #receive(data: string): void {
    let event: ChatEvent;
    try {
      event = JSON.parse(data) as ChatEvent;
    } catch {
      return this.#inbox.end(new AdiuvaError('the server sent a frame that is not JSON'));
    }
    this.#inbox.push(event);
    if (event.type === 'pong') this.#pong?.();
  }

  /** Whether the other side is still there. The path of an idle socket may have died without a sign, in sleep for example. */
  async isAlive(signal: AbortSignal | undefined): Promise<boolean> {
    if (!this.isOpen) return false;
    if (Date.now() - this.#inbox.heard < trusted) return true;
    const asked = Date.now();
    await new Promise<void>((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', end);
        this.#pong = undefined;
        resolve();
      };
      const timer = setTimeout(end, pongTimeout);
      this.#pong = end;
      signal?.addEventListener('abort', end);
      this.send({ type: 'ping' });
    });
    if (signal?.aborted) throw abortReason(signal);
    return this.isOpen && this.#inbox.heard >= asked;
  }

  ask(request: ChatRequest): void {
    this.#inbox.heard = Date.now();
    this.send(request);
  }

  send(frame: object): void { this.ws.send(JSON.stringify(frame)); }

  cancel(): void {
    this.send({ type: 'cancel' });
    this.#cancelling = setTimeout(() => this.#end(closedBySilence()), cancelTimeout);
  }

  next(signal: AbortSignal | undefined): Promise<Received> { return this.#inbox.next(signal); }

  release(reuse: boolean): void {
    clearTimeout(this.#cancelling);
    if (reuse && this.isOpen) this.keep(this);
    else this.close();
  }

  close(): void {
    if (this.ws.readyState <= 1) this.ws.close(1000);
    this.#end(new StreamClosedError(1000, '')); // the close event of a dead path comes much later
  }

  #end(reason: AdiuvaError): void {
    this.#inbox.end(reason);
    this.#refuse(reason);
    this.#pong?.();
  }
}
