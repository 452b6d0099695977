import * as kernels from '../gpu/kernel/generated/kernels.ts';
import { grid, tile } from '../gpu/kernel/target.ts';
import { checkNumber, PROBABILITY } from '../tape/check.ts';
import { shapeError, type Tape } from '../tape/tape.ts';
import { showShape, type Tensor } from '../tape/tensor.ts';
import { similarities, stripsOf } from './focal_sup_con.ts';
import { l2Normalize } from './l2_normalize.ts';
import { rowGrid } from './rows.ts';

/** The hardest partners of each row, i32 [n]: of its class, and of another. */
export interface HardPairs {
  readonly positive: Tensor;
  readonly negative: Tensor;
}

/**
 * By cosines of features z [n, d] under labels i32 [n]: the least similar other row of a row's class, and the most similar of another;
 * the row itself where there is none, and the first of equals. With `released` as Core-tuning's released code searches. No gradient.
 */
export function hardPairs(tape: Tape, z: Tensor, labels: Tensor, { released = false } = {}): HardPairs {
  const [n = 0] = z.shape;
  if (showShape(labels.shape) !== showShape([n]))
    throw shapeError('hard_pairs', 'labels', labels.shape, `z has ${n} rows`);
  // Nothing is recorded of the search, so that no gradient comes back here.
  const v = l2Normalize(tape, z);
  const positive = tape.empty([n], 'hard_pairs.positive', 'i32');
  const negative = tape.empty([n], 'hard_pairs.negative', 'i32');
  const { WORKGROUP } = tile(tape.target, { WORKGROUP: tape.target.kind === 'cpu' ? 8 : 64 });
  for (const strip of stripsOf(n))
    tape.dispatch(kernels['core_tuning/mine'], {
      bindings: { s: similarities(tape, v, strip, 'hard_pairs.cosines'), labels, positive, negative },
      uniforms: { ...strip, columns: n },
      constants: { WORKGROUP, RELEASED: released ? 1 : 0 },
      workgroups: grid(tape.target, Math.ceil(strip.rows / WORKGROUP)),
      label: 'hard_pairs',
    });
  return { positive, negative };
}

/** What rows are mixed by: a permutation of them, i32 [n], and shares, f32 [n] in [0, 1]. */
export interface MixDraws {
  readonly permutation: Tensor;
  readonly mix: Tensor;
  readonly mix_hard: Tensor;
}

/** Features of the rows [3 n, d], their labels as probabilities [3 n, classes], and groups of equal labels, i32 [3 n]. */
export interface MixedRows {
  readonly features: Tensor;
  readonly targets: Tensor;
  readonly groups: Tensor;
}

/**
 * Core-tuning's rows (Zhang et al., arXiv 2102.06605, section 4.2) of features z [n, d]: themselves; (1 - λ) z_i + λ z_permuted with
 * λ = max(least, mix); and λ' of the hard positive with 1 - λ' of the hard negative. With `detached` the first n pass no gradient on.
 */
export function mixRows(
  tape: Tape,
  { z, labels, pairs, draws }: { z: Tensor; labels: Tensor; pairs: HardPairs; draws: MixDraws },
  { classes, least, detached = false }: { classes: number; least: number; detached?: boolean },
): MixedRows {
  const [n = 0, columns = 0] = z.shape;
  if (z.shape.length !== 2) throw shapeError('mix_rows', 'z', z.shape, '[n, d] is needed');
  for (const [name, { shape }] of Object.entries({ labels, ...pairs, ...draws }))
    if (showShape(shape) !== showShape([n])) throw shapeError('mix_rows', name, shape, `z has ${n} rows`);
  checkNumber('mix_rows', 'least', least, PROBABILITY);
  const count = 3 * n;
  const { WORKGROUP } = tile(tape.target, { WORKGROUP: tape.target.kind === 'cpu' ? 8 : 64 });
  const rows = tape.empty([count, 4], 'mix_rows.rows', 'i32');
  tape.dispatch(kernels['core_tuning/table'], {
    bindings: { labels, ...pairs, ...draws, rows },
    uniforms: { n, least },
    constants: { WORKGROUP },
    workgroups: grid(tape.target, Math.ceil(count / WORKGROUP)),
    label: 'mix_rows.table',
  });
  const targets = tape.empty([count, classes], 'mix_rows.targets');
  const groups = tape.empty([count], 'mix_rows.groups', 'i32');
  tape.dispatch(kernels['core_tuning/targets'], {
    bindings: { rows, labels, targets, groups },
    uniforms: { count, columns: classes },
    ...rowGrid(tape.target, count, classes),
    label: 'mix_rows.targets',
  });
  const y = tape.empty([count, columns], 'mix_rows');
  tape.dispatch(kernels['core_tuning/mix'], {
    bindings: { rows, z, y },
    uniforms: { count, columns },
    ...rowGrid(tape.target, count, columns),
    label: 'mix_rows',
    flops: 3 * count * columns,
  });
  const features = tape.record('mix_rows', { z }, y, (dy) => ({
    z: (into) => {
      const dz = into ?? tape.empty(z.shape, 'mix_rows.grad');
      tape.dispatch(kernels['core_tuning/mix_backward'], {
        bindings: { rows, dy, dz },
        uniforms: { n, count, columns, skip: detached ? n : 0 },
        ...rowGrid(tape.target, n, columns),
        label: 'mix_rows.backward',
        flops: 3 * count * columns,
      });
      return dz;
    },
  }));
  return { features, targets, groups };
}
