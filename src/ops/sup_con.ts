import * as kernels from '../gpu/kernel/generated/kernels.ts';
import { grid, type Target, tile } from '../gpu/kernel/target.ts';
import { checkNumber } from '../tape/check.ts';
import { shapeError, type Tape } from '../tape/tape.ts';
import type { Tensor } from '../tape/tensor.ts';
import { type Matrices, product } from './matmul.ts';
import { rowGrid } from './rows.ts';

/**
 * How anchors and pairs are weighted, for n rows and m_i positives of row i:
 * - `paper`: an anchor's mean over its positives, the mean over all n rows; a row without positives adds 0.
 * - `paper-valid`: the same, but the mean over rows that have positives.
 * - `official`: COIN's released code: a row is its own positive, and the sum over all pairs is divided by n².
 * - `sup_contrast`: the paper's times temperature / base_temperature, as in the SupContrast repository.
 *
 * NT-Xent (SimCLR) is `paper` with a label an image and two rows, its views, a label.
 */
export type SupConVariant = (typeof VARIANTS)[number];

const VARIANTS = ['paper', 'paper-valid', 'official', 'sup_contrast'] as const;

/** What `supCon` is told besides its tensors. */
export interface SupConOptions {
  /** What similarities are divided by, above 0. */
  temperature: number;
  /** `paper` unless given. */
  variant?: SupConVariant;
  /** Only for `sup_contrast`; above 0, 0.07 unless given. */
  base_temperature?: number;
  /** How many rows of similarities are held at a time, a multiple of 4; by default what suits the adapter. */
  strip_rows?: number;
}

/** Rows of the similarities with all columns from the first of them on: the others are in earlier strips, transposed. */
interface Strip {
  readonly first: number;
  readonly rows: number;
  readonly columns: number;
}

/**
 * The supervised contrastive loss of `z` [n, d], whose rows it normalises itself, under i32 `labels` [n]; a loss of
 * shape [1]. A row with a negative label is no anchor and only pushes the others away. Memory grows with n · d, never
 * with n²: the similarities exist a strip at a time, once in each pass. Throws when shapes, dtypes or options do not fit.
 */
export function supCon(
  tape: Tape,
  z: Tensor,
  labels: Tensor,
  { temperature, variant = 'paper', base_temperature = 0.07, strip_rows }: SupConOptions,
): Tensor {
  const [n = 0, d = 0] = z.shape;
  if (z.shape.length !== 2 || n < 1 || d < 1) throw shapeError('supCon', 'z', z.shape, 'it must be [rows, features]');
  if (labels.shape.length !== 1 || labels.shape[0] !== n)
    throw shapeError('supCon', 'labels', labels.shape, `z has ${n} rows`);
  if (!VARIANTS.includes(variant))
    throw new Error(`supCon: variant is ${variant}, but it must be one of ${VARIANTS.join(', ')}.`);
  for (const [name, value] of Object.entries({ temperature, base_temperature }))
    checkNumber('supCon', name, value, { above: 0 });
  const stripRows = strip_rows ?? stripRowsFor(tape.target, n);
  if (!(Number.isInteger(stripRows) && stripRows >= 4 && stripRows % 4 === 0))
    throw new Error(`supCon: strip_rows is ${strip_rows}, but it must be a positive multiple of 4.`);

  // Padding with zeros lets matrix products read vec4s whatever n and d are.
  const [padded_rows, d4] = [4 * Math.ceil(n / 4), Math.ceil(d / 4)];
  const inverse_temperature = 1 / temperature;
  const cpu = tape.target.kind === 'cpu';
  const strips = Array.from({ length: Math.ceil(padded_rows / stripRows) }, (_, index): Strip => {
    const first = index * stripRows;
    return { first, rows: Math.min(stripRows, padded_rows - first), columns: padded_rows - first };
  });
  const features = (tensor: Tensor, first: number): Matrices => ({ tensor, row: 4 * d4, offset: first * 4 * d4 });
  const uniformsOf = ({ first, rows, columns }: Strip) => ({
    ...{ n, first, rows, quads: columns / 4, inverse_temperature },
    ...{ self_positive: Number(variant === 'official'), merge: Number(first > 0) },
  });

  const v = tape.empty([padded_rows, 4 * d4], 'sup_con.v');
  const inverse_norms = tape.empty([n], 'sup_con.inverse_norms');
  tape.dispatch(kernels['sup_con/normalize'], {
    bindings: { z, v, inverse_norms },
    uniforms: { n, padded_rows, d, d4 },
    ...rowGrid(tape.target, padded_rows, d4),
    label: 'sup_con.normalize',
    flops: 3 * n * d,
  });

  const similarities = ({ first, rows, columns }: Strip, label: string): Tensor => {
    const s = tape.empty([rows, columns], 'sup_con.strip');
    product(tape, {
      ...{ m: rows, n: columns, k: 4 * d4, label },
      a: features(v, first),
      b: { ...features(v, first), transposed: true },
      c: { tensor: s, row: columns },
    });
    return s;
  };

  const statistics = tape.empty([padded_rows, 4], 'sup_con.statistics');
  for (const strip of strips) {
    const s = similarities(strip, 'sup_con.similarities');
    const count = (BY_COLUMN: 0 | 1, items: number) => {
      const { LANES, WORKGROUP } = tile(tape.target, { LANES: cpu ? 1 : BY_COLUMN ? 8 : 32, WORKGROUP: cpu ? 8 : 64 });
      tape.dispatch(kernels['sup_con/statistics'], {
        bindings: { s, labels, label_quads: labels, statistics },
        uniforms: uniformsOf(strip),
        constants: { WORKGROUP, LANES, BY_COLUMN },
        workgroups: grid(tape.target, Math.ceil((items * LANES) / WORKGROUP)),
        label: 'sup_con.statistics',
        flops: 4 * strip.rows * (BY_COLUMN ? 4 * items : strip.columns),
      });
    };
    count(0, strip.rows);
    if (strip.columns > strip.rows) count(1, (strip.columns - strip.rows) / 4);
  }

  const rows = tape.empty([padded_rows, 4], 'sup_con.rows');
  const loss = tape.empty([1], 'sup_con');
  tape.dispatch(kernels['sup_con/combine'], {
    bindings: { statistics, labels, rows, loss },
    uniforms: {
      n,
      by_count: Number(variant === 'official'),
      over_valid: Number(variant === 'paper-valid'),
      scale: scaleOf(variant, n, temperature / base_temperature),
    },
    constants: { WORKGROUP: cpu ? 16 : 256 },
    workgroups: [1, 1, 1],
    label: 'sup_con.combine',
  });

  return tape.record('sup_con', { z, labels }, loss, (dy) => ({
    z: (into) => {
      const g = tape.empty([padded_rows, 4 * d4], 'sup_con.g');
      for (const strip of strips) {
        const { first, rows: count, columns } = strip;
        const w = similarities(strip, 'sup_con.similarities_again');
        const chosen = cpu ? { WORKGROUP: 8, CHUNK_ROWS: 32 } : { WORKGROUP: 64, CHUNK_ROWS: 16 };
        const { WORKGROUP, CHUNK_ROWS } = tile(tape.target, chosen);
        tape.dispatch(kernels['sup_con/weights'], {
          bindings: { rows, labels, label_quads: labels, s: w },
          uniforms: uniformsOf(strip),
          constants: { WORKGROUP, CHUNK_ROWS },
          workgroups: grid(tape.target, Math.ceil(columns / (4 * WORKGROUP)) * Math.ceil(count / CHUNK_ROWS)),
          label: 'sup_con.weights',
          flops: 10 * count * columns,
        });
        // The first strip meets all rows, so that it finds nothing to add to.
        const accumulate = first > 0;
        product(tape, {
          ...{ m: count, n: 4 * d4, k: columns, accumulate, label: 'sup_con.gradient' },
          a: { tensor: w, row: columns },
          b: features(v, first),
          c: features(g, first),
        });
        const after = first + count;
        if (columns > count)
          product(tape, {
            ...{ m: columns - count, n: 4 * d4, k: count, accumulate, label: 'sup_con.gradient_transposed' },
            a: { tensor: w, transposed: true, row: columns, offset: count },
            b: features(v, first),
            c: features(g, after),
          });
      }
      const dz = into ?? tape.empty(z.shape, 'sup_con.grad');
      tape.dispatch(kernels['sup_con/normalize_backward'], {
        bindings: { g, v, inverse_norms, dy, dz },
        uniforms: { n, d, d4, inverse_temperature },
        ...rowGrid(tape.target, n, d4),
        label: 'sup_con.normalize_backward',
        flops: 6 * n * d,
      });
      return dz;
    },
  }));
}

/** Short strips save more by symmetry; long ones make larger products and fewer launches. */
function stripRowsFor({ kind }: Target, n: number): number {
  const [share, least, most] = kind === 'cpu' ? [4, 128, 256] : [2, 256, 1024];
  return Math.min(most, Math.max(least, 64 * Math.ceil(n / share / 64)));
}

/** What a row's weight is multiplied by; 0 for a batch of one, which has nobody to compare with. */
function scaleOf(variant: SupConVariant, n: number, temperatureRatio: number): number {
  if (n < 2) return 0;
  switch (variant) {
    case 'paper':
      return 1 / n;
    case 'paper-valid':
      return 1;
    case 'official':
      return 1 / n ** 2;
    case 'sup_contrast':
      return temperatureRatio / n;
  }
}
