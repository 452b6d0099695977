import { crossEntropy } from '../src/ops/cross_entropy.ts';
import { add, scale } from '../src/ops/elementwise.ts';
import { l2Normalize } from '../src/ops/l2_normalize.ts';
import { matmul } from '../src/ops/matmul.ts';
import { supCon } from '../src/ops/sup_con.ts';
import type { Tape } from '../src/tape/tape.ts';
import { type Tensor, variable } from '../src/tape/tensor.ts';
import type { BenchCase } from './cases.ts';

const temperature = 0.1;

/**
 * The contrastive loss of two views of n / 2 images, by its own kernels and composed of other ops. With one positive a row
 * it is a cross-entropy, so that the composition, too, runs fused kernels and as few of them as there can be.
 */
export function supConCases(n: number, d: number): BenchCase[] {
  const forward: BenchCase = {
    name: `sup_con n${n} d${d} forward`,
    inputs: { z: [n, d], labels: [n] },
    classes: { labels: n / 2 },
    build: (tape, { z, labels }) => supCon(tape, z!, labels!, { temperature }),
    // Its matrices of n × n elements must fit into the 128 MiB that every adapter binds.
    ...(n <= 4096 && { rivals: { composed: (tape, { z }) => composed(tape, z!) } }),
  };
  return [forward, { ...forward, name: `sup_con n${n} d${d} forward+backward`, gradientOf: 'z' }];
}

function composed(tape: Tape, z: Tensor): Tensor {
  const [n = 0] = z.shape;
  const otherView = Int32Array.from({ length: n }, (_, i) => (i + n / 2) % n);
  const masked = Float32Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? -1e9 : 0));
  const v = scaled(tape, l2Normalize(tape, z), 1 / Math.sqrt(temperature));
  const s = matmul(tape, v, v, { transposeB: true });
  const others = add(tape, s, variable('itself', [n, n], 'f32', masked));
  return crossEntropy(tape, others, variable('other_view', [n], 'i32', otherView));
}

function scaled(tape: Tape, x: Tensor, factor: number): Tensor {
  const y = scale(tape, x, factor);
  return tape.record('scale', { x }, y, (dy) => ({ x: (into) => scale(tape, dy, factor, into) }));
}
