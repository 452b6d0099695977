import { attention } from '../../ops/attention.ts';
import { selfAttention } from '../../ops/self_attention.ts';
import type { Shape } from '../../tape/tensor.ts';
import type { BenchCase, Samples, Values } from './case.ts';
import { someOf, sum } from './samples.ts';

/** The gradients need the forward pass's log-sum-exps, so both passes are timed together. */
export function attentionCases(shape: Shape): BenchCase[] {
  const forward: BenchCase = {
    name: `attention [${shape}] forward`,
    inputs: { q: shape, k: shape, v: shape },
    family: 'attention',
    build: (tape, { q, k, v }) => attention(tape, q!, k!, v!),
    reference: (values) => samplesOf(shape, values, 'y'),
    torch: { op: 'attention', pass: 'forward' },
  };
  return [
    forward,
    {
      ...forward,
      name: `attention [${shape}] forward+backward`,
      inputs: { ...forward.inputs, dy: shape },
      // The result is the key's gradient, which depends on the passes of both others.
      gradientsOf: ['k', 'q', 'v'],
      reference: (values) => samplesOf(shape, values, 'dk'),
      torch: { op: 'attention', pass: 'forward+backward' },
    },
  ];
}

/** The same in a vision transformer's rows of q, k and v side by side: [batch, length, 3, heads, d]. */
export function selfAttentionCases([batch, heads, length, d]: readonly [number, number, number, number]): BenchCase[] {
  const shape = [batch, heads, length, d];
  const width = heads * d;
  const [qkv, y] = [
    [batch, length, 3 * width],
    [batch, length, width],
  ];
  /** A part of rows that hold several, as rows of each head by themselves; and the way back. */
  const at = (index: number, parts: number, part: number) => {
    const [p, row, head] = [index % d, Math.floor(index / d) % length, Math.floor(index / d / length)];
    return ((Math.floor(head / heads) * length + row) * parts + part) * width + (head % heads) * d + p;
  };
  const unpacked = (values: Values[string] | undefined, parts: number, part: number) =>
    values && Float32Array.from({ length: batch * length * width }, (_, i) => values[at(i, parts, part)]!);
  const reference = (values: Values, result: 'y' | 'dk') => {
    const [q, k, v] = [0, 1, 2].map((part) => unpacked(values.qkv, 3, part)!) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const dy = unpacked(values.dy, 1, 0);
    const samples = samplesOf(shape, { q, k, v, ...(dy && { dy }) }, result);
    return new Map([...samples].map(([i, value]) => [result === 'y' ? at(i, 1, 0) : at(i, 3, 1), value]));
  };
  const forward: BenchCase = {
    name: `self_attention [${qkv}] in ${heads} heads forward`,
    inputs: { qkv },
    family: 'self_attention',
    build: (tape, { qkv }) => selfAttention(tape, qkv!, { heads }),
    reference: (values) => reference(values, 'y'),
  };
  return [
    forward,
    {
      ...forward,
      name: `self_attention [${qkv}] in ${heads} heads forward+backward`,
      inputs: { qkv, dy: y },
      gradientsOf: ['qkv'],
      reference: (values) => reference(values, 'dk'),
    },
  ];
}

/** A few rows of the first and the last head. */
function samplesOf(shape: Shape, { q, k, v, dy }: Values, result: 'y' | 'dk'): Samples {
  const [batch, heads, length, d] = shape as [number, number, number, number];
  const scale = 1 / Math.sqrt(d);
  const samples = new Map<number, number>();
  for (const head of [0, batch * heads - 1]) {
    const at = (row: number, i: number) => (head * length + row) * d + i;
    const dot = (a: Values[string], i: number, b: Values[string], j: number) =>
      sum(d, (p) => a[at(i, p)]! * b[at(j, p)]!);
    /** Softmax over the keys of a query. */
    const weights = (query: number) => {
      const scores = Float64Array.from({ length }, (_, key) => scale * dot(q!, query, k!, key));
      const largest = scores.reduce((most, score) => Math.max(most, score));
      const exps = scores.map((score) => Math.exp(score - largest));
      const total = exps.reduce((all, value) => all + value);
      return exps.map((value) => value / total);
    };
    const rows = someOf(length, 4);
    if (result === 'y')
      for (const row of rows) {
        const own = weights(row);
        for (let p = 0; p < d; p++)
          samples.set(
            at(row, p),
            sum(length, (key) => own[key]! * v![at(key, p)]!),
          );
      }
    else {
      for (const row of rows) for (let p = 0; p < d; p++) samples.set(at(row, p), 0);
      for (let query = 0; query < length; query++) {
        const own = weights(query);
        const products = own.map((_, key) => dot(dy!, query, v!, key));
        const mean = sum(length, (key) => own[key]! * products[key]!);
        for (const row of rows)
          for (let p = 0; p < d; p++) {
            const term = scale * own[row]! * (products[row]! - mean) * q![at(query, p)]!;
            samples.set(at(row, p), (samples.get(at(row, p)) ?? 0) + term);
          }
      }
    }
  }
  return samples;
}
