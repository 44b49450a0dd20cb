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

/** FIPS 180-4. */
class Plain implements Hash {
  readonly #state = Int32Array.from(start);
  readonly #block = new Uint8Array(64);
  readonly #words = new Int32Array(64);
  #filled = 0;
  #length = 0;

  update(data: Uint8Array): void {
    this.#length += data.length;
    for (let at = 0; at < data.length;) {
      const n = Math.min(64 - this.#filled, data.length - at);
      this.#block.set(data.subarray(at, at + n), this.#filled);
      at += n;
      if ((this.#filled += n) === 64) { this.#mix(); this.#filled = 0; }
    }
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

  #mix(): void {
    const w = this.#words;
    const view = new DataView(this.#block.buffer);
    const turn = (x: number, n: number) => (x >>> n) | (x << (32 - n));
    for (let i = 0; i < 16; i++) w[i] = view.getInt32(i * 4);
    for (let i = 16; i < 64; i++) {
      const a = w[i - 15]!, b = w[i - 2]!;
      w[i] = (w[i - 16]! + (turn(a, 7) ^ turn(a, 18) ^ (a >>> 3)) + w[i - 7]! + (turn(b, 17) ^ turn(b, 19) ^ (b >>> 10))) | 0;
    }
    let [a, b, c, d, e, f, g, h] = this.#state as unknown as [number, number, number, number, number, number, number, number];
    for (let i = 0; i < 64; i++) {
      const x = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + constants[i]! + w[i]!) | 0;
      const y = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + x) | 0; d = c; c = b; b = a; a = (x + y) | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((v, i) => { this.#state[i] = (this.#state[i]! + v) | 0; });
  }
}
