import * as kernels from '../gpu/kernel/generated/kernels.ts';
import { grid, tile } from '../gpu/kernel/target.ts';
import { checkNumber, NOT_NEGATIVE } from '../tape/check.ts';
import { shapeError, type Tape } from '../tape/tape.ts';
import { showShape, type Tensor } from '../tape/tensor.ts';
import { reduceRows } from './reduce.ts';
import { rowGrid } from './rows.ts';

/** Each row's partners, i32 [n]: a row of its class (itself where there is no other) and one of another (-1 where there is none). */
export interface Partners {
  readonly positive: Tensor;
  readonly negative: Tensor;
}

/**
 * Random partners under labels i32 [n]: rows are visited in the order of `rank` (i32 [n], a permutation) and find theirs, by
 * `draws` (f32 [2 n] in [0, 1)), among those visited before, or, where there are none, in the whole batch. Zhan et al., arXiv 1712.00661.
 */
export function selectPartners(tape: Tape, labels: Tensor, rank: Tensor, draws: Tensor): Partners {
  const [n = 0] = labels.shape;
  const positive = tape.empty([n], 'partners.positive', 'i32');
  const negative = tape.empty([n], 'partners.negative', 'i32');
  const { WORKGROUP } = tile(tape.target, { WORKGROUP: tape.target.kind === 'cpu' ? 8 : 64 });
  tape.dispatch(kernels['triplet/select'], {
    bindings: { labels, rank, draws, positive, negative },
    uniforms: { n },
    constants: { WORKGROUP },
    workgroups: grid(tape.target, Math.ceil(n / WORKGROUP)),
    label: 'select_partners',
  });
  return { positive, negative };
}

/**
 * (1 / 2n) Σ max(0, margin + ‖v_i - v_p‖² - ‖v_i - v_q‖²) of rows v [n, d] and their partners p and q, of shape [1]; without a q
 * that is 0. Throws when shapes do not fit or the margin is negative.
 */
export function tripletLoss(
  tape: Tape,
  v: Tensor,
  { positive, negative }: Partners,
  { margin }: { readonly margin: number },
): Tensor {
  const [rows = 0, columns = 0] = v.shape;
  if (v.shape.length !== 2) throw shapeError('triplet', 'v', v.shape, '[n, d] is needed');
  for (const [name, { shape }] of Object.entries({ positive, negative }))
    if (showShape(shape) !== showShape([rows])) throw shapeError('triplet', name, shape, `v has ${rows} rows`);
  checkNumber('triplet', 'margin', margin, NOT_NEGATIVE);
  const losses = tape.empty([rows], 'triplet.rows');
  const launch = rowGrid(tape.target, rows, columns);
  tape.dispatch(kernels['triplet/forward'], {
    ...launch,
    bindings: { v, positive, negative, losses },
    uniforms: { rows, columns, margin },
    label: 'triplet',
    flops: 6 * rows * columns,
  });
  const factor = 1 / (2 * rows);
  const y = reduceRows(tape, losses, { rows, columns: 1 }, factor, tape.empty([1], 'triplet'), 'triplet.mean');
  return tape.record('triplet', { v, positive, negative }, y, (dy) => ({
    v: (into) => {
      const dv = into ?? tape.empty(v.shape, 'triplet.grad');
      tape.dispatch(kernels['triplet/backward'], {
        ...launch,
        bindings: { dy, v, positive, negative, losses, dv },
        uniforms: { rows, columns, factor },
        label: 'triplet.backward',
        flops: 9 * rows * columns,
      });
      return dv;
    },
  }));
}
