import { sha256 } from './sha256.js';

/** A backup to send: bytes, a Blob or File, or a stream that can be opened again for a retry. */
export type BackupSource = Blob | Uint8Array<ArrayBuffer> | { size: number; open(): ReadableStream<Uint8Array> };

const chunkSize = 256 * 1024; // bytes per read of a Blob, small enough for useful progress

/** The size of a source in bytes. */
export function sizeOf(source: BackupSource): number {
  if (source instanceof Blob) return source.size;
  return source instanceof Uint8Array ? source.byteLength : source.size;
}

const toBlob = (source: Blob | Uint8Array<ArrayBuffer>) => (source instanceof Blob ? source : new Blob([source]));

/** A source as a stream; a Blob is read in chunks of chunkSize. */
export function toStream(source: BackupSource): ReadableStream<Uint8Array> {
  if ('open' in source) return source.open();
  const blob = toBlob(source);
  let offset = 0;
  return new ReadableStream({
    async pull(controller) {
      if (offset >= blob.size) return controller.close();
      const chunk = new Uint8Array(await blob.slice(offset, offset + chunkSize).arrayBuffer());
      offset += chunk.byteLength;
      controller.enqueue(chunk);
    },
  });
}

/** The SHA-256 of a source as hexadecimal digits, computed while streaming. */
export async function checksumOf(source: BackupSource): Promise<string> {
  const hash = sha256();
  // blob.stream() and not toStream: thousands of slices are too many for Chromium.
  const stream = 'open' in source ? source.open() : toBlob(source).stream();
  const reader = stream.getReader(); // async iteration of streams needs Chromium 124
  for (let next = await reader.read(); !next.done; next = await reader.read()) hash.update(next.value);
  return hash.hex();
}
