import { _SHA256 } from '@noble/hashes/sha2.js';

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

/** An incremental SHA-256. WebCrypto can hash only a whole buffer. */
export interface Sha256 { update(data: Uint8Array): void; hex(): string }

interface NodeHash { update(data: Uint8Array): NodeHash; digest(encoding: 'hex'): string }
interface NodeProcess { getBuiltinModule?(name: string): { createHash(algorithm: string): NodeHash } | undefined }

/** A new hash: Node's native one where available, which is much faster, otherwise @noble/hashes. */
export function createSha256(): Sha256 {
  const { process } = globalThis as { process?: NodeProcess };
  const native = process?.getBuiltinModule?.('node:crypto')?.createHash('sha256');
  if (native) return { update: (data) => { native.update(data); }, hex: () => native.digest('hex') };
  const hash = new _SHA256(); // the class behind noble's sha256, which weighs more
  const hexOf = (byte: number) => byte.toString(16).padStart(2, '0');
  return { update: (data) => { hash.update(data); }, hex: () => Array.from(hash.digest(), hexOf).join('') };
}

/** The SHA-256 of a source as hexadecimal digits, computed while streaming. */
export async function checksumOf(source: BackupSource): Promise<string> {
  const hash = createSha256();
  // blob.stream() and not toStream: thousands of slices are too many for Chromium.
  const stream = 'open' in source ? source.open() : toBlob(source).stream();
  const reader = stream.getReader(); // async iteration of streams needs Chromium 124
  for (let next = await reader.read(); !next.done; next = await reader.read()) hash.update(next.value);
  return hash.hex();
}
