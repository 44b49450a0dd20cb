/** SHA-256 of a stream, piece by piece: WebCrypto takes only wholes, and Node's own is used where there is one. */
export interface Hash { update(data: Uint8Array): void; hex(): string }

interface NodeHash { update(data: Uint8Array): NodeHash; digest(form: 'hex'): string }

/** A new hash. */
export function sha256(): Hash {
  const node = (globalThis as { process?: { getBuiltinModule?(name: string): { createHash(name: string): NodeHash } | undefined } })
    .process?.getBuiltinModule?.('node:crypto')?.createHash('sha256');
  return node ? { update: (data) => { node.update(data); }, hex: () => node.digest('hex') } : new Plain();
}

const primes = (count: number) => {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++) if (found.every((p) => n % p)) found.push(n);
  return found;
};
const fraction = (x: number) => ((x - Math.floor(x)) * 2 ** 32) | 0;
const constants = Int32Array.from(primes(64), (p) => fraction(Math.cbrt(p)));
const start = Int32Array.from(primes(8), (p) => fraction(Math.sqrt(p)));

/** FIPS 180-4, whole blocks straight from the data. */
class Plain implements Hash {
  readonly #state = Int32Array.from(start);
  readonly #block = new Uint8Array(64);
  readonly #words = new Int32Array(64);
  #filled = 0;
  #length = 0;

  update(data: Uint8Array): void {
    this.#length += data.length;
    let at = 0;
    if (this.#filled > 0) {
      at = Math.min(64 - this.#filled, data.length);
      this.#block.set(data.subarray(0, at), this.#filled);
      if ((this.#filled += at) < 64) return;
      mix(this.#state, this.#words, this.#block, 0);
    }
    for (; at + 64 <= data.length; at += 64) mix(this.#state, this.#words, data, at);
    this.#block.set(data.subarray(at));
    this.#filled = data.length - at;
  }

  hex(): string {
    const bits = this.#length * 8;
    const tail = new Uint8Array((this.#filled < 56 ? 64 : 128) - this.#filled);
    tail[0] = 0x80;
    const view = new DataView(tail.buffer);
    view.setUint32(tail.length - 8, Math.floor(bits / 2 ** 32));
    view.setUint32(tail.length - 4, bits >>> 0);
    this.update(tail);
    return Array.from(this.#state, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
  }
}

/** One block. It takes most of the time of a backup in a page, and so spells out what could be shorter. */
function mix(state: Int32Array, w: Int32Array, data: Uint8Array, from: number): void {
  for (let i = 0, at = from; i < 16; i++, at += 4) w[i] = (data[at]! << 24) | (data[at + 1]! << 16) | (data[at + 2]! << 8) | data[at + 3]!;
  for (let i = 16; i < 64; i++) {
    const p = w[i - 15]!, q = w[i - 2]!;
    const x = ((p >>> 7) | (p << 25)) ^ ((p >>> 18) | (p << 14)) ^ (p >>> 3);
    const y = ((q >>> 17) | (q << 15)) ^ ((q >>> 19) | (q << 13)) ^ (q >>> 10);
    w[i] = (w[i - 16]! + x + w[i - 7]! + y) | 0;
  }
  const k = constants;
  let a = state[0]!, b = state[1]!, c = state[2]!, d = state[3]!, e = state[4]!, f = state[5]!, g = state[6]!, h = state[7]!;
  for (let i = 0; i < 64; i++) {
    const x = (h + (((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))) + (g ^ (e & (f ^ g))) + k[i]! + w[i]!) | 0;
    const y = ((((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))) + ((a & b) | (c & (a | b)))) | 0;
    h = g; g = f; f = e; e = (d + x) | 0; d = c; c = b; b = a; a = (x + y) | 0;
  }
  state[0]! += a; state[1]! += b; state[2]! += c; state[3]! += d; state[4]! += e; state[5]! += f; state[6]! += g; state[7]! += h;
}
