import { Inbox, type Channel, type ChatEvent, type Received } from './events.js';
import { AdiuvaError, StreamClosedError } from './errors.js';

const maxEvent = 4 << 20; // characters; the longest event is an answer with its actions

/** An answer as server-sent events. It serves one question. */
export class EventStream implements Channel {
  readonly #inbox = new Inbox();
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(body: ReadableStream<Uint8Array>) {
    this.#reader = body.getReader(); // async iteration of streams needs Chromium 124
    void this.#read();
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    let text = '';
    try {
      for (let part = await this.#reader.read(); !part.done; part = await this.#reader.read()) {
        this.#inbox.touch(); // a comment is a sign of life as well
        text += decoder.decode(part.value, { stream: true });
        const blocks = text.split(/\r?\n\r?\n/);
        text = blocks.pop()!;
        for (const block of blocks) this.#receive(block);
        if (text.length > maxEvent) throw new AdiuvaError('the server sent an event that is too long');
      }
      this.#inbox.end(new StreamClosedError(1006, 'the answer was cut'));
    } catch (error) {
      this.#inbox.end(error instanceof AdiuvaError ? error : new StreamClosedError(1006, String(error)));
    }
  }

  #receive(block: string): void {
    const data = block.split(/\r?\n/).flatMap((line) => line.startsWith('data:') ? [line.slice(5).trimStart()] : []);
    if (data.length) this.#inbox.push(JSON.parse(data.join('\n')) as ChatEvent);
  }

  next(signal: AbortSignal | undefined): Promise<Received> { return this.#inbox.next(signal); }

  send(): void { throw new AdiuvaError('results of tools go into the next request here'); }

  cancel(): void {
    this.#inbox.end(new StreamClosedError(1000, 'cancelled'));
    this.release();
  }

  release(): void { void this.#reader.cancel().catch(() => undefined); }
}
