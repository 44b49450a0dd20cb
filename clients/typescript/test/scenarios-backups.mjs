// Backups: up, down, cut, resumed, checked, queued. See scenarios.mjs.
import { eventually, equal, ok, rejects } from './assert.mjs';

const mebi = 1 << 20;

function random(length) {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536)); // its limit
  return bytes;
}

/** Reads a body to its end, and counts what differs from the unit over and over. */
async function compared(body, unit) {
  const words = new Uint32Array(unit.buffer);
  const piece = new Uint8Array(unit.length);
  const pieceWords = new Uint32Array(piece.buffer);
  let filled = 0, size = 0, wrong = 0;
  const reader = body.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    size += next.value.length;
    for (let part = next.value; part.length > 0;) {
      const taken = part.subarray(0, piece.length - filled);
      piece.set(taken, filled);
      filled += taken.length;
      part = part.subarray(taken.length);
      if (filled < piece.length) continue;
      filled = 0;
      for (let i = 0; i < words.length; i++) if (pieceWords[i] !== words[i]) wrong++;
    }
  }
  return { size, wrong: wrong + filled };
}

const hex = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, '0')).join('');

async function transfers(it) {
  const unit = random(mebi);
  const size = 200 * mebi;
  const progress = [];
  const { id } = await it.member.client.backups.upload(it.large(unit, 200), { version: 3, onProgress: (sent, total) => progress.push([sent, total]) });
  equal(progress.at(-1), [size, size]);
  ok(progress.length > 1 && progress.every(([sent], i) => i === 0 || sent >= progress[i - 1][0]), `progress: ${progress.length} steps`);

  const line = await it.wire();
  await line.set({ cutAfter: size * 0.3 });
  const seen = [];
  const download = await it.client({ baseUrl: line.base, tokenStore: it.member.tokenStore }).backups.download({ onProgress: (n) => seen.push(n) });
  equal(await compared(download.body, unit), { size, wrong: 0 });
  equal([download.id, download.version, download.size, seen.at(-1)], [id, 3, size, size]);
  equal((await line.state()).sent.match(/^range: bytes=\d+-/gim)?.length, 1);
  await line.close();
  for (let n = 0; n < 2; n++) await it.member.client.backups.delete(id);
}

async function small(it) {
  const { backups } = it.member.client;
  const ids = [];
  for (const source of [new Uint8Array([1, 2, 3]), new Blob(['abc'])]) ids.push((await backups.upload(source, { version: 1 })).id);
  const open = () => new Blob(['a stream']).stream();
  for (const onProgress of [undefined, () => undefined]) ids.push((await backups.upload({ size: 8, open }, { version: 1, onProgress })).id);
  const key = crypto.randomUUID();
  const twice = [];
  for (let n = 0; n < 2; n++) twice.push((await backups.upload(new Blob(['def']), { version: 1, idempotencyKey: key })).id);
  equal(twice[0], twice[1]);
  ids.push(twice[0]);
  const listed = [];
  for await (const backup of backups.list({ pageSize: 2 })) listed.push(backup.id);
  equal(listed, ids.reverse());
  const bytes = async (n) => hex(await new Response((await backups.download({ id: listed[n] })).body).arrayBuffer());
  equal([await bytes(4), await bytes(1)], ['010203', '612073747265616d']);
}

async function renewed(it) {
  const { tokenStore } = it.member;
  for (const source of [new Blob(['renewed']), { size: 7, open: () => new Blob(['renewed']).stream() }]) {
    for (const onProgress of [undefined, () => undefined]) {
      tokenStore.set({ ...tokenStore.get(), access_token: `${tokenStore.get().access_token}x` });
      const { id } = await it.member.client.backups.upload(source, { version: 1, onProgress });
      await it.member.client.backups.delete(id);
    }
  }
}

async function altered(it) {
  const lying = it.client({
    tokenStore: it.member.tokenStore,
    fetch: async (input, init) => {
      const answer = await fetch(input, init);
      if (!answer.headers.has('x-backup-checksum')) return answer;
      const bytes = new Uint8Array(await answer.arrayBuffer());
      bytes[0] ^= 1;
      return new Response(bytes, { status: answer.status, headers: answer.headers });
    },
  });
  const { body } = await lying.backups.download();
  await rejects(compared(body, new Uint8Array(4)), 'ChecksumError');
}

/** The bytes in pieces that end anywhere in a block: of 1, 2, 3 and so on. */
function inPieces(bytes) {
  let at = 0, step = 1;
  return new ReadableStream({
    pull: (out) => {
      if (at === bytes.length) return out.close();
      out.enqueue(bytes.slice(at, at + step));
      at = Math.min(at + step++, bytes.length);
    },
  });
}

async function checksums(it) {
  for (const length of [0, 1, 55, 56, 63, 64, 65, 1000, 300_000]) {
    const bytes = random(length);
    const want = hex(await crypto.subtle.digest('SHA-256', bytes));
    equal([length, await it.sdk.checksumOf(bytes)], [length, want]);
    equal([length, await it.sdk.checksumOf({ size: length, open: () => inPieces(bytes) })], [length, want]);
  }
}

async function queued(it) {
  const line = await it.wire();
  const client = it.client({ baseUrl: line.base, tokenStore: it.member.tokenStore, maxRetries: 0 });
  let saved = '[]';
  const stored = [];
  const dropped = [];
  const options = {
    store: { load: () => JSON.parse(saved), save: (jobs) => { saved = JSON.stringify(jobs); } },
    open: (job) => (job.source === 'gone' ? undefined : new Blob([job.source])),
    onStored: (job) => stored.push(job.source), onDropped: (job) => dropped.push(job.source), backoff: () => 20,
  };
  await line.set({ down: true });
  const first = client.backupQueue(options);
  for (const source of ['queued one', 'gone', 'queued two']) await first.add(source, 1);
  await eventually('a try', () => JSON.parse(saved)[0].attempts > 1);
  await first.stop();
  equal(JSON.parse(saved).length, 3);
  await line.set({ down: false });
  await client.backupQueue(options).start(); // after a restart
  equal([stored, dropped, saved], [['queued one', 'queued two'], ['gone'], '[]']);
  await line.close();
}

export const backups = [
  ['200 MB up with progress, down again, cut at 30 % and resumed', transfers],
  ['small backups: bytes, Blob, stream, the same key twice, history', small],
  ['an upload renews a token that is refused', renewed],
  ['wrong bytes are no backup', altered],
  ['SHA-256 is that of WebCrypto', checksums],
  ['the queue sends once the server is back, each backup once', queued],
];
