import * as kernels from '../gpu/kernel/generated/kernels.ts';
import { checkNumber } from '../tape/check.ts';
import { shapeError, type Tape } from '../tape/tape.ts';
import { showShape, type Tensor } from '../tape/tensor.ts';
import { product } from './matmul.ts';
import { rowGrid } from './rows.ts';

/** Similarities that are held at a time: 16 MiB. */
const STRIP = 2 ** 22;

/** What `focalSupCon` is told besides its tensors. */
export interface FocalSupConOptions {
  /** What similarities are divided by, above 0. */
  readonly temperature: number;
  /** Whether a row's mean is over its positives or, as in the released code, over all rows; `positives` unless given. */
  readonly mean?: 'positives' | 'columns';
  /** How many rows of similarities are held at a time. */
  readonly strip_rows?: number;
}

/**
 * The focal contrastive loss of Core-tuning (Zhang et al., arXiv 2102.06605, equation 5) of unit rows v [n, d]: the mean over rows that
 * share their group (i32 [n]) with others of -mean_j (1 - p_ij) log p_ij over those others, with the softmax p_ij of similarities
 * over all other rows; 0 where no row has a positive. Of shape [1]. The similarities exist a strip at a time, once in each pass.
 * Throws when shapes or options do not fit.
 */
export function focalSupCon(
  tape: Tape,
  v: Tensor,
  groups: Tensor,
  { temperature, mean = 'positives', strip_rows }: FocalSupConOptions,
): Tensor {
  const [n = 0, d = 0] = v.shape;
  if (v.shape.length !== 2) throw shapeError('focal_sup_con', 'v', v.shape, '[n, d] is needed');
  if (showShape(groups.shape) !== showShape([n]))
    throw shapeError('focal_sup_con', 'groups', groups.shape, `v has ${n} rows`);
  checkNumber('focal_sup_con', 'temperature', temperature, { above: 0 });
  const strips = stripsOf(n, strip_rows);
  const inverse_temperature = 1 / temperature;
  const uniformsOf = ({ first, rows }: RowStrip) => ({ first, rows, columns: n, inverse_temperature });

  const statistics = tape.empty([n, 4], 'focal_sup_con.statistics');
  for (const strip of strips)
    tape.dispatch(kernels['focal_sup_con/statistics'], {
      bindings: { s: similarities(tape, v, strip, 'focal_sup_con.similarities'), groups, statistics },
      uniforms: uniformsOf(strip),
      ...rowGrid(tape.target, strip.rows, n),
      label: 'focal_sup_con.statistics',
      flops: 12 * strip.rows * n,
    });
  const row_values = tape.empty([n, 4], 'focal_sup_con.rows');
  const loss = tape.empty([1], 'focal_sup_con');
  tape.dispatch(kernels['focal_sup_con/combine'], {
    bindings: { statistics, rows: row_values, loss },
    uniforms: { n, over_columns: Number(mean === 'columns') },
    constants: { WORKGROUP: tape.target.kind === 'cpu' ? 16 : 256 },
    workgroups: [1, 1, 1],
    label: 'focal_sup_con.combine',
  });
  return tape.record('focal_sup_con', { v, groups }, loss, (dy) => ({
    v: (into) => {
      const dv = into ?? tape.empty(v.shape, 'focal_sup_con.grad');
      for (const strip of strips) {
        const s = similarities(tape, v, strip, 'focal_sup_con.similarities_again');
        tape.dispatch(kernels['focal_sup_con/weights'], {
          bindings: { dy, row_values, groups, s },
          uniforms: uniformsOf(strip),
          ...rowGrid(tape.target, strip.rows, n),
          label: 'focal_sup_con.weights',
          flops: 14 * strip.rows * n,
        });
        product(tape, {
          ...{ m: strip.rows, n: d, k: n, label: 'focal_sup_con.gradient' },
          a: { tensor: s, row: n },
          b: { tensor: v, row: d },
          c: { tensor: dv, row: d, offset: strip.first * d },
        });
      }
      return dv;
    },
  }));
}

/** Rows of similarities that exist at the same time. */
export interface RowStrip {
  readonly first: number;
  readonly rows: number;
}

/** Strips of the similarities of n rows, each with all columns. */
export function stripsOf(n: number, strip_rows = Math.max(1, Math.floor(STRIP / n))): RowStrip[] {
  return Array.from({ length: Math.ceil(n / strip_rows) }, (_, index) => {
    const first = index * strip_rows;
    return { first, rows: Math.min(strip_rows, n - first) };
  });
}

/** v_i · v_j for the rows of a strip and all columns, [rows, n]; without a record. */
export function similarities(tape: Tape, v: Tensor, { first, rows }: RowStrip, label: string): Tensor {
  const [n = 0, d = 0] = v.shape;
  const s = tape.empty([rows, n], label);
  product(tape, {
    ...{ m: rows, n, k: d, label },
    a: { tensor: v, row: d, offset: first * d },
    b: { tensor: v, row: d, transposed: true },
    c: { tensor: s, row: n },
  });
  return s;
}
