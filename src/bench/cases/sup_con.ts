import { randomNormal } from '../../data/random.ts';
import { crossEntropy } from '../../ops/cross_entropy.ts';
import { add, scale } from '../../ops/elementwise.ts';
import { l2Normalize } from '../../ops/l2_normalize.ts';
import { matmul } from '../../ops/matmul.ts';
import { supCon } from '../../ops/sup_con.ts';
import type { Tape } from '../../tape/tape.ts';
import { type Tensor, variable } from '../../tape/tensor.ts';
import type { BenchCase, Samples, Values } from './case.ts';
import { someOf, sum } from './samples.ts';

const SIZES: readonly (readonly [n: number, d: number])[] = [
  ...[256, 1024, 8192].map((n) => [n, 128] as const),
  ...[64, 128, 256, 512, 1024, 2048, 4096, 8192].map((n) => [n, 256] as const),
];
const USUAL = new Set(['256 256', '1024 256']);
const TEMPERATURE = 0.1;

/**
 * Row i of a batch is prototype i modulo this prime (or n, where that is less): similarities then have few values, and
 * the reference need not visit all n² pairs.
 */
const PROTOTYPES = 251;
const prototypesOf = (n: number): number => Math.min(n, PROTOTYPES);

/**
 * The contrastive loss of two views of n / 2 images, and the loss with its gradient, which needs the forward pass's
 * log-sum-exps: by its own kernels and composed of other ops.
 */
export const supConCases = (): BenchCase[] =>
  SIZES.flatMap(([n, d]) => {
    const forward: BenchCase = {
      name: `sup_con n${n} d${d} forward`,
      usual: USUAL.has(`${n} ${d}`),
      inputs: { z: [n, d], labels: [n] },
      values: {
        labels: (count) => Int32Array.from({ length: count }, (_, i) => i % (n / 2)),
        z: (count) => {
          const prototypes = randomNormal(prototypesOf(n) * d, 1, 1, 0);
          return Float32Array.from({ length: count }, (_, i) => prototypes[i % prototypes.length]!);
        },
      },
      build: (tape, { z, labels }) => supCon(tape, z!, labels!, { temperature: TEMPERATURE }),
      // Its matrices of n × n elements must fit into the 128 MiB that every adapter binds.
      ...(n <= 4096 && { rivals: { composed: (tape, { z }) => composed(tape, z!) } }),
      reference: ({ z }) => new Map([[0, compared(z!, n, d).loss()]]),
      torch: { op: 'sup_con', pass: 'forward', temperature: TEMPERATURE },
    };
    return [
      forward,
      {
        ...forward,
        name: `sup_con n${n} d${d} forward+backward`,
        gradientsOf: ['z'],
        reference: ({ z }) => compared(z!, n, d).gradient(),
        torch: { op: 'sup_con', pass: 'forward+backward', temperature: TEMPERATURE },
      },
    ];
  });

/** With one positive a row it is a cross-entropy, so that the composition, too, runs fused kernels and as few as can be. */
function composed(tape: Tape, z: Tensor): Tensor {
  const [n = 0] = z.shape;
  const otherView = Int32Array.from({ length: n }, (_, i) => (i + n / 2) % n);
  const masked = Float32Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? -1e9 : 0));
  const v = scale(tape, l2Normalize(tape, z), 1 / Math.sqrt(TEMPERATURE));
  const s = matmul(tape, v, v, { transposeB: true });
  const others = add(tape, s, variable('itself', [n, n], 'f32', masked));
  return crossEntropy(tape, others, variable('other_view', [n], 'i32', otherView));
}

/** The loss and its gradient over prototypes, each counted as often as it occurs. */
function compared(z: Values[string], n: number, d: number) {
  const prototypes = prototypesOf(n);
  const lengths = Float64Array.from({ length: prototypes }, (_, p) => Math.sqrt(sum(d, (i) => z[p * d + i]! ** 2)));
  const v = (p: number, i: number) => z[p * d + i]! / lengths[p]!;
  const similarity = (p: number, q: number) => sum(d, (i) => v(p, i) * v(q, i)) / TEMPERATURE;
  /** How many rows of prototype q a row of prototype p is compared with: all but itself. */
  const others = (p: number, q: number) => Math.floor((n - q - 1) / prototypes) + 1 - Number(p === q);
  const otherView = (row: number) => ((row + n / 2) % n) % prototypes;
  const exps = Array.from({ length: prototypes }, (_, p) =>
    Float64Array.from({ length: prototypes }, (_, q) => Math.exp(similarity(p, q))),
  );
  const totals = exps.map((row, p) => sum(prototypes, (q) => others(p, q) * row[q]!));
  return {
    loss: () => sum(n, (row) => Math.log(totals[row % prototypes]!) - similarity(row % prototypes, otherView(row))) / n,
    gradient(): Samples {
      const samples = new Map<number, number>();
      for (const row of someOf(n, 16)) {
        const p = row % prototypes;
        const probabilities = Float64Array.from(
          { length: prototypes },
          (_, q) => others(p, q) * exps[p]![q]! * (1 / totals[p]! + 1 / totals[q]!),
        );
        const byV = Float64Array.from(
          { length: d },
          (_, i) =>
            (sum(prototypes, (q) => probabilities[q]! * v(q, i)) - 2 * v(otherView(row), i)) / (n * TEMPERATURE),
        );
        const along = sum(d, (i) => byV[i]! * v(p, i));
        for (const i of someOf(d, 16)) samples.set(row * d + i, (byV[i]! - along * v(p, i)) / lengths[p]!);
      }
      return samples;
    },
  };
}
