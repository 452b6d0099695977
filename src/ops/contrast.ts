import * as kernels from '../gpu/kernel/generated/kernels.ts';
import { shapeError, type Tape } from '../tape/tape.ts';
import { showShape, type Tensor } from '../tape/tensor.ts';
import { product } from './matmul.ts';
import { reduceRows } from './reduce.ts';
import { rowGrid } from './rows.ts';

/**
 * What the numbers of `contrast` are, in order, all sums over rows, which may be added up over batches: rows without a positive,
 * rows whose nearest other is a positive, pairs of positives and Σ |v_i - v_j|² over them, Σ exp(-2 |v_i - v_j|²) over all pairs
 * and their number (each pair from both sides), and rows.
 */
export const CONTRAST_SUMS = [
  'alone',
  'found',
  'positives',
  'distance',
  'potential',
  'others',
  'rows',
  'zero',
] as const;

/** Cosines that are held at a time. */
const STRIP = 2 ** 22;

/**
 * What tells how well features z [n, d] find those of their label among the others of the batch, or among `keys`, as many and of
 * the same labels: f32 [8], see `CONTRAST_SUMS`. Labels are i32 [n] (of more the first n count); a row with a negative one has no
 * positives. Rows are normalised here; there is no gradient. The cosines exist a strip at a time. Throws when shapes do not fit.
 */
export function contrast(tape: Tape, z: Tensor, labels: Tensor, keys: Tensor = z): Tensor {
  const [n = 0, d = 0] = z.shape;
  if (z.shape.length !== 2) throw shapeError('contrast', 'z', z.shape, 'it must be [rows, features]');
  if (labels.shape.length !== 1 || (labels.shape[0] as number) < n)
    throw shapeError('contrast', 'labels', labels.shape, `z has ${n} rows`);
  if (showShape(keys.shape) !== showShape(z.shape))
    throw shapeError('contrast', 'keys', keys.shape, `z has ${showShape(z.shape)}`);
  // Padding with zeros lets matrix products read vec4s whatever n and d are.
  const [padded_rows, d4] = [4 * Math.ceil(n / 4), Math.ceil(d / 4)];
  const unit = (rows: Tensor): Tensor => {
    const v = tape.empty([padded_rows, 4 * d4], 'contrast.v');
    tape.dispatch(kernels['sup_con/normalize'], {
      bindings: { z: rows, v, inverse_norms: tape.empty([n], 'contrast.inverse_norms') },
      uniforms: { n, padded_rows, d, d4 },
      ...rowGrid(tape.target, padded_rows, d4),
      label: 'contrast.normalize',
      flops: 3 * n * d,
    });
    return v;
  };
  const v = unit(z);
  const u = keys === z ? v : unit(keys);
  const strip = Math.max(4, 4 * Math.floor(STRIP / padded_rows / 4));
  const statistics = tape.empty([n, CONTRAST_SUMS.length], 'contrast.statistics');
  for (let first = 0; first < padded_rows; first += strip) {
    const rows = Math.min(strip, padded_rows - first);
    const s = tape.empty([rows, padded_rows], 'contrast.strip');
    product(tape, {
      ...{ m: rows, n: padded_rows, k: 4 * d4, label: 'contrast.similarities' },
      a: { tensor: v, row: 4 * d4, offset: first * 4 * d4 },
      b: { tensor: u, row: 4 * d4, transposed: true },
      c: { tensor: s, row: padded_rows },
    });
    const own = Math.min(rows, n - first);
    tape.dispatch(kernels['contrast/statistics'], {
      bindings: { s, labels, statistics },
      uniforms: { first, rows: own, columns: n, stride: padded_rows, own: Number(keys === z) },
      ...rowGrid(tape.target, own, n),
      label: 'contrast.statistics',
      flops: 8 * own * n,
    });
  }
  const sums = tape.empty([CONTRAST_SUMS.length], 'contrast');
  return reduceRows(tape, statistics, { rows: n, columns: CONTRAST_SUMS.length }, 1, sums, 'contrast.sums');
}
