// What the page can ask the main process to do. Tokens never cross this interface.
import type { ChatDone, ChatEvent } from '@adiuva/api-client';

/** A value or an error. Errors lose their properties between processes, so the code is sent as data. */
export type Result<T> = { value: T } | { code: string; message: string };

/** A message of the main process on the port of a stream. */
export type StreamMessage = { event: ChatEvent } | { end: Result<ChatDone> };

export interface Bridge {
  login(email: string, password: string): Promise<Result<{ tier: string }>>;
  /** Streams an answer to `onEvent`. Returns a function that stops it early: it then ends with the text so far. */
  ask(message: string, onEvent: (event: ChatEvent) => void, onEnd: (end: Result<ChatDone>) => void): () => void;
  /** Requests a plan and executes it. Resolves to the number of changes. */
  plan(message: string): Promise<Result<number>>;
  backup(onProgress: (sent: number, total: number) => void): Promise<Result<{ id: string }>>;
  onSignedOut(listener: () => void): void;
}

declare global {
  interface Window { adiuva: Bridge }
}
