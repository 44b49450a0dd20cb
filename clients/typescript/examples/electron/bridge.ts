// What the page may ask of the main process. Tokens never cross it.
import type { ChatStreamResult } from '@adiuva/api-client';

/** An answer, or what is wrong: errors lose their members between processes, so the code goes as data. */
export type Result<T> = { value: T } | { code: string; message: string };

/** What the main process says on the port of a stream. */
export type StreamEvent = { token: string } | { end: Result<ChatStreamResult> };

export interface Bridge {
  login(email: string, password: string): Promise<Result<{ tier: string }>>;
  /** Calls `onToken` as the answer is made. The function that comes back stops it. */
  ask(message: string, onToken: (token: string) => void, onEnd: (end: Result<ChatStreamResult>) => void): () => void;
  /** Has a plan made and carried out; answers with the number of changes. */
  plan(message: string): Promise<Result<number>>;
  backup(onProgress: (sent: number, total: number) => void): Promise<Result<{ id: string }>>;
  onSignedOut(listener: () => void): void;
}

declare global {
  interface Window { adiuva: Bridge }
}
