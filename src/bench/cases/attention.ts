import { attention } from '../../ops/attention.ts';
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
