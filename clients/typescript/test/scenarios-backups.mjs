// Scenarios of backups; see scenarios.mjs.
import { eventually, equal, ok, rejects } from './assert.mjs';

const mebibyte = 1 << 20;
const hashLengths = [0, 1, 55, 56, 63, 64, 65, 1000, 300_000]; // bytes; SHA-256 has blocks of 64 and pads from 56

function randomBytes(length) {
  const maxCall = 65_536; // bytes that getRandomValues fills at once
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += maxCall) crypto.getRandomValues(bytes.subarray(at, at + maxCall));
  return bytes;
}

/** Reads a body of repeated units to its end. Returns its size, and how many words and trailing bytes differ. */
async function compareToUnits(body, unit) {
  const want = new Uint32Array(unit.buffer);
  const buffer = new Uint8Array(unit.length);
  const got = new Uint32Array(buffer.buffer);
  let filled = 0;
  let size = 0;
  let wrong = 0;
  const reader = body.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    size += next.value.length;
    for (let rest = next.value; rest.length > 0;) {
      const part = rest.subarray(0, buffer.length - filled);
      buffer.set(part, filled);
      filled += part.length;
      rest = rest.subarray(part.length);
      if (filled < buffer.length) continue;
      filled = 0;
      for (let i = 0; i < want.length; i++) if (got[i] !== want[i]) wrong++;
    }
  }
  return { size, wrong: wrong + filled };
}

const hex = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, '0')).join('');

async function transferLargeBackup(ctx) {
  const { client, tokenStore } = ctx.member;
  const unit = randomBytes(mebibyte);
  const size = 200 * mebibyte;
  const progress = [];
  const onProgress = (sent, total) => progress.push([sent, total]);
  const { id } = await client.backups.upload(ctx.largeSource(unit, 200), { version: 3, onProgress });
  equal(progress.at(-1), [size, size]);
  const increases = progress.every(([sent], i) => i === 0 || sent >= progress[i - 1][0]);
  ok(progress.length > 1 && increases, `progress: ${progress.length} steps`);

  const proxy = await ctx.startProxy();
  await proxy.set({ cutAfter: size * 0.3 });
  const received = [];
  const viaProxy = ctx.client({ baseUrl: proxy.base, tokenStore });
  const download = await viaProxy.backups.download({ onProgress: (bytes) => received.push(bytes) });
  equal(await compareToUnits(download.body, unit), { size, wrong: 0 });
  equal([download.id, download.version, download.size, received.at(-1)], [id, 3, size, size]);
  equal((await proxy.state()).sent.match(/^range: bytes=\d+-/gim)?.length, 1);
  await proxy.close();
  for (let n = 0; n < 2; n++) await client.backups.delete(id);
}

async function storeSmallBackups(ctx) {
  const { backups } = ctx.member.client;
  const upload = async (source, options) => (await backups.upload(source, { version: 1, ...options })).id;
  const ids = [await upload(new Uint8Array([1, 2, 3])), await upload(new Blob(['abc']))];
  const open = () => new Blob(['a stream']).stream();
  for (const onProgress of [undefined, () => undefined]) ids.push(await upload({ size: 8, open }, { onProgress }));
  const idempotencyKey = crypto.randomUUID();
  const first = await upload(new Blob(['def']), { idempotencyKey });
  const second = await upload(new Blob(['def']), { idempotencyKey });
  equal(first, second);
  ids.push(first);
  const listed = [];
  for await (const backup of backups.list({ pageSize: 2 })) listed.push(backup.id);
  equal(listed, ids.reverse());
  const content = async (n) => hex(await new Response((await backups.download({ id: listed[n] })).body).arrayBuffer());
  equal([await content(4), await content(1)], ['010203', '612073747265616d']);
  await refuseOutdatedUploads(backups, upload);
}

/** Of two devices that start from the same backup, the second one is told. */
async function refuseOutdatedUploads(backups, upload) {
  const latest = (await backups.list().next()).value;
  const outdated = (error) => error.status === 412 && error.code === 'precondition_failed';
  await rejects(upload(new Blob(['first']), { basedOn: null }), outdated);
  const id = await upload(new Blob(['one']), { basedOn: latest.checksum });
  await rejects(upload(new Blob(['two']), { basedOn: latest.checksum }), outdated);
  await backups.delete(id);
}

async function refreshDuringUpload(ctx) {
  const { client, tokenStore } = ctx.member;
  const text = 'after a refresh';
  for (const source of [new Blob([text]), { size: text.length, open: () => new Blob([text]).stream() }]) {
    for (const onProgress of [undefined, () => undefined]) {
      tokenStore.set({ ...tokenStore.get(), access_token: `${tokenStore.get().access_token}x` });
      const { id } = await client.backups.upload(source, { version: 1, onProgress });
      await client.backups.delete(id);
    }
  }
}

async function detectCorruption(ctx) {
  const corruptingFetch = async (input, init) => {
    const response = await fetch(input, init);
    if (!response.headers.has('x-backup-checksum')) return response;
    const bytes = new Uint8Array(await response.arrayBuffer());
    bytes[0] ^= 1;
    return new Response(bytes, { status: response.status, headers: response.headers });
  };
  const client = ctx.client({ tokenStore: ctx.member.tokenStore, fetch: corruptingFetch });
  const { body } = await client.backups.download();
  await rejects(compareToUnits(body, new Uint8Array(4)), 'ChecksumError');
}

/** A stream of the bytes in chunks of 1, 2, 3… bytes, so that chunks end anywhere in a hash block. */
function streamInGrowingChunks(bytes) {
  let offset = 0;
  let length = 1;
  return new ReadableStream({
    pull: (controller) => {
      if (offset === bytes.length) return controller.close();
      controller.enqueue(bytes.slice(offset, offset + length));
      offset = Math.min(offset + length++, bytes.length);
    },
  });
}

async function compareChecksums(ctx) {
  for (const length of hashLengths) {
    const bytes = randomBytes(length);
    const want = hex(await crypto.subtle.digest('SHA-256', bytes));
    equal([length, await ctx.sdk.checksumOf(bytes)], [length, want]);
    const stream = { size: length, open: () => streamInGrowingChunks(bytes) };
    equal([length, await ctx.sdk.checksumOf(stream)], [length, want]);
  }
}

async function queueWhileOffline(ctx) {
  const proxy = await ctx.startProxy();
  const client = ctx.client({ baseUrl: proxy.base, tokenStore: ctx.member.tokenStore, maxRetries: 0 });
  let saved = '[]';
  const stored = [];
  const dropped = [];
  const options = {
    store: { load: () => JSON.parse(saved), save: (jobs) => { saved = JSON.stringify(jobs); } },
    open: (job) => (job.source === 'gone' ? undefined : new Blob([job.source])),
    onStored: (job) => stored.push(job.source),
    onDropped: (job) => dropped.push(job.source),
    backoff: () => 20,
  };
  await proxy.set({ down: true });
  const queue = client.backupQueue(options);
  for (const source of ['queued one', 'gone', 'queued two']) await queue.add(source, 1);
  await eventually('an attempt', () => JSON.parse(saved)[0].attempts > 1);
  await queue.stop();
  equal(JSON.parse(saved).length, 3);
  await proxy.set({ down: false });
  await client.backupQueue(options).start(); // as after a restart of the app
  equal([stored, dropped, saved], [['queued one', 'queued two'], ['gone'], '[]']);
  await proxy.close();
}

export const backupScenarios = [
  ['200 MB go up with progress, and down again over a cut at 30 %', transferLargeBackup],
  ['small backups: bytes, Blob, stream, the same key twice, list', storeSmallBackups],
  ['an upload refreshes a rejected token', refreshDuringUpload],
  ['a download with wrong bytes throws ChecksumError', detectCorruption],
  ['checksumOf returns the same SHA-256 as WebCrypto', compareChecksums],
  ['the queue stores each backup once when the server is back', queueWhileOffline],
];
