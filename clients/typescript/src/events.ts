import type { ChatStreamEvent } from './gen/types.gen.js';
import { StreamClosedError, errorOf, type AdiuvaError } from './errors.js';

/** An event of an answer, as the server sends it. New types may come: ignore what you do not know. */
export type ChatEvent = ChatStreamEvent;
/** The end of an answer: the text with its actions, or a plan. */
export type ChatDone = Extract<ChatEvent, { type: 'done' }>;
/** The app's tool that the model wants to use. */
export type ToolCall = Extract<ChatEvent, { type: 'tool_call' }>;

/** What a channel brings: an event, or the reason why there are no more. */
export type Received = { event: ChatEvent } | { failure: AdiuvaError };

/** One answer after another over a connection. */
export interface Channel {
  /** The next event or failure. Throws the signal's reason when it aborts. */
  next(signal: AbortSignal | undefined): Promise<Received>;
  /** Sends the result of a tool. */
  send(frame: object): void;
  /** Asks for an early end; the answer's `done` follows. */
  cancel(): void;
  /** Ends the use of the channel. With `reuse` it may serve the next question. */
  release(reuse: boolean): void;
}

/** A server that sends nothing for this long is gone: it sends a heartbeat or a comment every 10 seconds. */
export const silenceLimit = 14_000; // milliseconds

export const closedBySilence = () => new StreamClosedError(1006, 'the server was silent');

function failureOf({ code, message, request_id }: Extract<ChatEvent, { type: 'error' }>): AdiuvaError {
  const problem = { type: 'about:blank', title: code, status: 0, code, detail: message, instance: '', request_id };
  return errorOf(0, problem, new Headers());
}

/** A queue of events with one reader, who waits at most `silenceLimit` for the next. */
export class Inbox {
  readonly #items: Received[] = [];
  #wake: (() => void) | undefined;
  #ended: AdiuvaError | undefined;

  /** When something arrived last, in milliseconds since the epoch. */
  heard = Date.now();

  get ended(): boolean { return this.#ended !== undefined; }

  /** Notes that the server is alive. */
  touch(): void {
    this.heard = Date.now();
    this.#wake?.();
  }

  /** Takes an event; one that only says that the server is alive is not passed on. */
  push(event: ChatEvent): void {
    if (event.type === 'error' && event.id === undefined && event.code !== 'busy') {
      this.#items.push({ failure: failureOf(event) });
    } else if (event.type !== 'heartbeat' && event.type !== 'pong') this.#items.push({ event });
    this.touch();
  }

  /** Lets the reader fail with `reason` once it has read everything. */
  end(reason: AdiuvaError): void {
    this.#ended ??= reason;
    this.#wake?.();
  }

  async next(signal: AbortSignal | undefined): Promise<Received> {
    for (;;) {
      if (signal?.aborted) throw signal.reason;
      const item = this.#items.shift();
      if (item) return item;
      if (this.#ended) return { failure: this.#ended };
      const left = this.heard + silenceLimit - Date.now();
      if (left <= 0) return { failure: closedBySilence() };
      await this.#wait(left, signal);
    }
  }

  #wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', wake);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#wake = wake;
      signal?.addEventListener('abort', wake);
    });
  }
}
