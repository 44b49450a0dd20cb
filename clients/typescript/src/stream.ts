import type { ChatRequestWritable as ChatRequest, ToolResult } from './gen/types.gen.js';
import { AdiuvaError, isApiError } from './errors.js';
import { silenceLimit, type Channel, type ChatDone, type ChatEvent } from './events.js';
import type { Session } from './session.js';
import { Socket, isTokenRejected, type WebSocketClass } from './socket.js';
import { declare, runTool, type ToolOptions } from './tools.js';
import { abortReason, backoff, callSignal, sleep, type CallOptions } from './transport.js';

/** A request for a stream. Tools are declared by the option `tools`. */
export type StreamRequest =
  Omit<ChatRequest, 'message' | 'client_tools' | 'continuation' | 'tool_results'> & { message: string };
export interface StreamOptions extends CallOptions, ToolOptions {
  /** How to connect. `auto`, the default, uses events over HTTP (`sse`) where a WebSocket cannot be opened. */
  via?: 'auto' | 'socket' | 'sse';
}

/**
 * An answer as it is made. Read it once: with `for await` (events), with `text()` (words alone), or with `final()` alone.
 * Leaving the loop ends the answer.
 */
export interface ChatStream extends AsyncIterable<ChatEvent> {
  /** The pieces of the text. */
  text(): AsyncIterable<string>;
  /** The end of the answer, after a loop or without one. */
  final(): Promise<ChatDone>;
  /** Asks for an early end: the `done` that follows has `cancelled` and the text so far. */
  cancel(): void;
}

const maxConnects = 4;
const maxToolRounds = 32; // more than the server allows
const socketPause = 300_000; // milliseconds for which a client that had to use events over HTTP opens no socket

export interface StreamConfig {
  url: string;
  session: () => Session;
  webSocket: WebSocketClass | undefined;
  /** Whether the server answers over HTTP. */
  reachable(signal: AbortSignal | undefined): Promise<boolean>;
  /** Asks over HTTP and returns the events of the answer. Throws an ApiError. */
  post(request: ChatRequest, signal: AbortSignal | undefined): Promise<Channel>;
}

/** Answers questions over sockets, or over HTTP where there are none. A message is never sent twice. */
export class ChatStreams {
  #idle: Socket | undefined;
  #socketsFrom = 0; // when sockets may be tried again, in milliseconds since the epoch

  constructor(private readonly config: StreamConfig) {}

  stream(request: StreamRequest, options: StreamOptions = {}): ChatStream {
    return new Answer((answer) => this.#answer(request, options, answer));
  }

  /** Closes the idle socket. */
  close(): void {
    this.#idle?.close();
    this.#idle = undefined;
  }

  async *#answer(request: StreamRequest, options: StreamOptions, answer: Answer): AsyncGenerator<ChatEvent, void, void> {
    const { signal, done } = callSignal(options);
    const running = new AbortController(); // ends the tools with the answer
    const asked: ChatRequest = options.tools ? { ...request, client_tools: declare(options.tools) } : request;
    try {
      const overHTTP = options.via === 'sse'
        || options.via !== 'socket' && (!this.#webSocket || Date.now() < this.#socketsFrom);
      const socket = overHTTP ? undefined : await this.#connect(signal, options.via !== 'socket');
      if (socket) yield* this.#overSocket(socket, asked, options, answer, running.signal, signal);
      else yield* this.#overHTTP(asked, options, answer, running.signal, signal);
    } finally {
      running.abort();
      done();
    }
  }

  async *#overSocket(
    first: Connected, request: ChatRequest, options: StreamOptions, answer: Answer, running: AbortSignal,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<ChatEvent, void, void> {
    for (let connected = first; ;) {
      const { socket, token } = connected;
      let finished = false;
      try {
        socket.ask(request);
        for await (const event of events(socket, answer, signal)) {
          finished = event.type === 'done';
          yield event;
          if (event.type === 'tool_call') {
            void runTool(event, options, running).then((result) => {
              if (socket.isOpen && !running.aborted) socket.send({ type: 'tool_result', ...result });
            });
          }
        }
        return;
      } catch (error) {
        const rejected = token !== undefined && error instanceof AdiuvaError && isTokenRejected(error);
        if (!rejected || answer.started) throw error;
        connected = await this.#open(signal, token); // the server did not read the message, so it may be sent again
      } finally {
        socket.release(finished);
      }
    }
  }

  async *#overHTTP(
    request: ChatRequest, options: StreamOptions, answer: Answer, running: AbortSignal, signal: AbortSignal | undefined,
  ): AsyncGenerator<ChatEvent, void, void> {
    let next = request;
    for (let round = 0; round < maxToolRounds; round++) {
      const channel = await this.config.post(next, signal);
      let last: ChatDone | undefined;
      try {
        for await (const event of events(channel, answer, signal)) {
          const continues = event.type === 'done' && event.kind === 'tool_calls' && options.tools !== undefined;
          if (event.type === 'done') last = event;
          if (!continues) yield event;
        }
      } finally {
        channel.release(false);
      }
      if (last?.kind !== 'tool_calls' || !options.tools || !last.continuation) return;
      const results: Promise<ToolResult>[] = [];
      for (const call of last.calls ?? []) {
        yield { type: 'tool_call', ...call };
        results.push(runTool(call, options, running));
      }
      next = {
        continuation: last.continuation, tool_results: await Promise.all(results),
        ...(request.context ? { context: request.context } : {}), ...(request.model ? { model: request.model } : {}),
      } as ChatRequest;
    }
    throw new AdiuvaError('the model does not stop asking for tools');
  }

  get #webSocket(): WebSocketClass | undefined {
    return this.config.webSocket ?? (globalThis as { WebSocket?: WebSocketClass }).WebSocket;
  }

  /** The idle socket or a new one; undefined if the server can be reached over HTTP alone and that is allowed. */
  async #connect(signal: AbortSignal | undefined, allowHTTP: boolean): Promise<Connected | undefined> {
    const idle = this.#idle;
    this.#idle = undefined;
    if (await idle?.isAlive(signal)) return { socket: idle! };
    idle?.close();
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#open(signal);
      } catch (error) {
        if (signal?.aborted) throw abortReason(signal);
        if (isApiError(error)) throw error; // of a refresh
        if (allowHTTP && await this.config.reachable(signal)) {
          this.#socketsFrom = Date.now() + socketPause;
          return undefined;
        }
        if (attempt + 1 >= maxConnects) throw error;
        await sleep(backoff(attempt), signal);
      }
    }
  }

  /** A new socket with the token that it uses. `rejected` is a token to replace. */
  async #open(signal: AbortSignal | undefined, rejected?: string): Promise<Connected> {
    const token = await this.config.session().token(rejected);
    const WebSocket = this.#webSocket;
    if (!WebSocket) {
      throw new AdiuvaError('there is no WebSocket here: give the client one as the option webSocket '
        + '(in Node 20 that of the package ws)');
    }
    const protocols = ['adiuva.chat.v2', ...(token ? [`bearer.${token}`] : [])];
    const socket = new Socket(new WebSocket(this.config.url, protocols), (free) => this.#keep(free));
    const close = () => socket.close();
    signal?.addEventListener('abort', close, { once: true });
    const timer = setTimeout(() => socket.close(), silenceLimit);
    try {
      await socket.opened;
      return { socket, ...(token ? { token } : {}) };
    } catch (error) {
      throw signal?.aborted ? abortReason(signal) : error;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', close);
    }
  }

  #keep(socket: Socket): void {
    if (this.#idle) socket.close();
    else this.#idle = socket;
  }
}

interface Connected { socket: Socket; token?: string }

/** The events of one answer up to its `done`, or up to a failure, which it throws. */
async function* events(
  channel: Channel, answer: Answer, signal: AbortSignal | undefined,
): AsyncGenerator<ChatEvent, void, void> {
  answer.runsOver(channel);
  for (;;) {
    const item = await channel.next(signal);
    if ('failure' in item && (!answer.cancelled || isApiError(item.failure))) throw item.failure;
    const event = 'event' in item ? item.event : answer.cancelledDone();
    answer.note(event);
    yield event;
    if (event.type === 'done') return;
  }
}

/** The stream as its reader sees it. */
class Answer implements ChatStream {
  started = false;
  cancelled = false;
  #shown = '';
  #channel: Channel | undefined;
  #read = false;
  #end!: { resolve(last: ChatDone): void; reject(error: unknown): void };
  readonly #final = new Promise<ChatDone>((resolve, reject) => { this.#end = { resolve, reject }; });
  readonly #events: AsyncGenerator<ChatEvent, void, void>;

  constructor(run: (answer: Answer) => AsyncGenerator<ChatEvent, void, void>) {
    this.#events = run(this);
    this.#final.catch(() => undefined); // reported to those who ask for it
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ChatEvent, void, void> {
    if (this.#read) throw new AdiuvaError('a stream can be read once');
    this.#read = true;
    try {
      for await (const event of this.#events) {
        if (event.type === 'done') this.#end.resolve(event);
        yield event;
      }
    } catch (error) {
      this.#end.reject(error);
      throw error;
    } finally {
      this.#end.reject(new AdiuvaError('the answer was left before its end')); // without effect after the end
    }
  }

  async *text(): AsyncGenerator<string, void, void> {
    for await (const event of this) if (event.type === 'text') yield event.delta;
  }

  async final(): Promise<ChatDone> {
    if (!this.#read) for await (const _ of this);
    return this.#final;
  }

  cancel(): void {
    if (this.cancelled) return;
    this.cancelled = true;
    this.#channel?.cancel();
  }

  runsOver(channel: Channel): void {
    this.#channel = channel;
    if (this.cancelled) channel.cancel();
  }

  note(event: ChatEvent): void {
    this.started = true;
    if (event.type === 'text') this.#shown += event.delta;
  }

  /** The end of a cancelled answer whose server could not say it. */
  cancelledDone(): ChatDone {
    return { type: 'done', kind: 'response', response: this.#shown, actions: [], cancelled: true } as ChatDone;
  }
}
