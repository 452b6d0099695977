// Counter-based random numbers: a value depends on its counter alone, never on what was drawn before, so a resumed run
// repeats an unbroken one. kernels/augment/random.wgsl holds the same functions for the GPU; both give the same bits.

/** Four 32-bit unsigned integers. */
export type Bits4 = [number, number, number, number];

// The last word of a counter tells apart the uses of one seed within this file.
const STREAM_SHUFFLE = 0x9e3779b9;

/**
 * Four independent words of random bits from four words of counter: pcg4d of Jarzynski and Olano,
 * "Hash Functions for GPU Rendering", Journal of Computer Graphics Techniques 9(3), 2020.
 * Arguments are taken modulo 2^32; so are results, in [0, 2^32).
 */
export function random4(a: number, b: number, c: number, d: number): Bits4 {
  let x = (Math.imul(a, 1664525) + 1013904223) | 0;
  let y = (Math.imul(b, 1664525) + 1013904223) | 0;
  let z = (Math.imul(c, 1664525) + 1013904223) | 0;
  let w = (Math.imul(d, 1664525) + 1013904223) | 0;
  x = (x + Math.imul(y, w)) | 0;
  y = (y + Math.imul(z, x)) | 0;
  z = (z + Math.imul(x, y)) | 0;
  w = (w + Math.imul(y, z)) | 0;
  x ^= x >>> 16;
  y ^= y >>> 16;
  z ^= z >>> 16;
  w ^= w >>> 16;
  x = (x + Math.imul(y, w)) | 0;
  y = (y + Math.imul(z, x)) | 0;
  z = (z + Math.imul(x, y)) | 0;
  w = (w + Math.imul(y, z)) | 0;
  return [x >>> 0, y >>> 0, z >>> 0, w >>> 0];
}

/** A number in [0, 1) from 32 random bits: the upper 24 bits times 2^-24, which a 32-bit float holds exactly. */
export function uniform01(bits: number): number {
  return (bits >>> 8) * 2 ** -24;
}

/**
 * Two independent standard normal numbers from two words of random bits, by the method of Box and Muller (1958). Their
 * magnitude is at most 5.8.
 */
export function normal2(bits0: number, bits1: number): [number, number] {
  // 1 - u lies in (0, 1], so that the logarithm stays finite.
  const radius = Math.sqrt(-2 * Math.log(1 - uniform01(bits0)));
  const angle = 2 * Math.PI * uniform01(bits1);
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}

/**
 * `count` numbers uniform in [low, high); element i depends on (i, seed, stream) alone. `stream` tells apart the uses
 * of one seed.
 */
export function randomUniform(count: number, low: number, high: number, seed: number, stream: number): Float32Array {
  const result = new Float32Array(count);
  for (let i = 0; i < count; i += 4) {
    const bits = random4(i >>> 2, 0, seed, stream);
    for (let j = 0; j < 4 && i + j < count; j++) result[i + j] = low + (high - low) * uniform01(bits[j]!);
  }
  return result;
}

/** `count` normal numbers of mean 0 and the given standard deviation; element i depends on (i, seed, stream) alone. */
export function randomNormal(count: number, deviation: number, seed: number, stream: number): Float32Array {
  const result = new Float32Array(count);
  for (let i = 0; i < count; i += 4) {
    const bits = random4(i >>> 2, 0, seed, stream);
    const values = [...normal2(bits[0], bits[1]), ...normal2(bits[2], bits[3])];
    for (let j = 0; j < 4 && i + j < count; j++) result[i + j] = deviation * values[j]!;
  }
  return result;
}

/** `rows` vectors of length 1 in all directions alike, such as the first keys of a queue. */
export function randomUnitRows(rows: number, width: number, seed: number, stream: number): Float32Array {
  const result = randomNormal(rows * width, 1, seed, stream);
  for (let start = 0; start < result.length; start += width) {
    const row = result.subarray(start, start + width);
    const norm = Math.hypot(...row);
    row.forEach((value, j) => {
      row[j] = value / norm;
    });
  }
  return result;
}

/**
 * The numbers 0 to n - 1 in an order that depends on (seed, epoch) alone: a Fisher-Yates shuffle (Durstenfeld 1964)
 * driven by counters. An index is drawn as floor(bits (i + 1) / 2^32), whose bias is below n / 2^32.
 */
export function shuffle(n: number, seed: number, epoch: number): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const [bits] = random4(i, epoch, seed, STREAM_SHUFFLE);
    const j = Math.floor((bits * (i + 1)) / 2 ** 32);
    const moved = order[i]!;
    order[i] = order[j]!;
    order[j] = moved;
  }
  return order;
}
