import * as kernels from '../gpu/kernel/generated/kernels.ts';
import { grid } from '../gpu/kernel/target.ts';
import { checkNumber } from '../tape/check.ts';
import { shapeError, type Tape } from '../tape/tape.ts';
import type { Tensor } from '../tape/tensor.ts';
import { product } from './matmul.ts';
import { reduceRows } from './reduce.ts';

/** Sweeps of Jacobi rotations: they converge quadratically, so that a few more than log2(n) leave only rounding. */
const sweepsFor = (n: number) => 4 + Math.ceil(Math.log2(Math.max(2, n)));

/** The `k` smallest of the min(n, d) squared singular values, and their sum. */
export interface SmallSingularValues {
  /** [1], differentiable. */
  readonly sum: Tensor;
  /** [k] ascending, without a gradient. */
  readonly squares: Tensor;
}

/**
 * The squares of the k smallest singular values of z [n, d]: eigenvalues of the smaller of its Gram matrices, z zᵀ or zᵀ z. In
 * float32 they are right to about 1e-7 of the largest. Meant for min(n, d) up to some hundred: all are found in one workgroup.
 * Throws when z is no matrix or k not from 1 to min(n, d).
 */
export function smallSingularValues(tape: Tape, z: Tensor, k: number): SmallSingularValues {
  const [n = 0, d = 0] = z.shape;
  if (z.shape.length !== 2) throw shapeError('small_singular_values', 'z', z.shape, '[n, d] is needed');
  const rows = Math.min(n, d);
  checkNumber('small_singular_values', 'k', k, { integer: true, least: 1, most: rows });
  const byRows = n <= d;
  const size = Math.max(2, rows + (rows % 2));
  const gram = tape.empty([rows, rows], 'small_singular_values.gram');
  product(tape, {
    ...{ m: rows, n: rows, k: byRows ? d : n, label: 'small_singular_values.gram' },
    ...{ a: { tensor: z, row: d, transposed: !byRows }, b: { tensor: z, row: d, transposed: byRows } },
    c: { tensor: gram, row: rows },
  });
  const squares = tape.empty([k], 'small_singular_values.squares');
  const vectors = tape.empty([k, rows], 'small_singular_values.vectors');
  tape.dispatch(kernels['eigen/jacobi'], {
    bindings: {
      ...{
        matrix: gram,
        a: tape.empty([size, size], 'small_singular_values.a'),
        v: tape.empty([size, size], 'small_singular_values.v'),
      },
      ...{ rotations: tape.empty([size / 2, 4], 'small_singular_values.rotations'), values: squares, vectors },
    },
    uniforms: { n: rows, size, sweeps: sweepsFor(size), k },
    constants: { WORKGROUP: tape.target.kind === 'cpu' ? 8 : 256 },
    workgroups: [1, 1, 1],
    label: 'small_singular_values.jacobi',
    flops: sweepsFor(size) * size ** 3 * 6,
  });
  const y = tape.empty([1], 'small_singular_values');
  const sum = reduceRows(tape, squares, { rows: k, columns: 1 }, 1, y, 'small_singular_values.sum');
  tape.record('small_singular_values', { z }, sum, (dy) => ({
    z: (into, onto) => {
      const p = tape.empty([rows, rows], 'small_singular_values.projection');
      tape.dispatch(kernels['eigen/projection'], {
        bindings: { dy, vectors, p },
        uniforms: { n: rows, k },
        workgroups: grid(tape.target, Math.ceil((rows * rows) / 64)),
        label: 'small_singular_values.projection',
        flops: 2 * k * rows * rows,
      });
      const dz = onto ?? into ?? tape.empty(z.shape, 'small_singular_values.grad');
      product(tape, {
        ...{ m: n, n: d, k: rows, accumulate: onto !== undefined, label: 'small_singular_values.gradient' },
        a: { tensor: byRows ? p : z, row: byRows ? rows : d },
        b: { tensor: byRows ? z : p, row: d },
        c: { tensor: dz, row: d },
      });
      return dz;
    },
  }));
  return { sum, squares };
}
