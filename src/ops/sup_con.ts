import { kernels } from '../gpu/kernel/generated.ts';
import { grid } from '../gpu/kernel/target.ts';
import { shapeError, type Tape } from '../tape/tape.ts';
import type { Tensor } from '../tape/tensor.ts';
import { type Candidate, choose } from './candidates.ts';

/**
 * How anchors and pairs are weighted, for n rows and m_i positives of row i:
 * - `paper`: an anchor's mean over its positives, the mean over all n rows; a row without positives adds 0.
 * - `paper-valid`: the same, but the mean over rows that have positives.
 * - `official`: COIN's released code: a row is its own positive, and the sum over all pairs is divided by n².
 * - `sup_contrast`: the paper's times temperature / base_temperature, as in the SupContrast repository.
 *
 * NT-Xent (SimCLR) is `paper` with a label an image and two rows, its views, a label.
 */
export type SupConVariant = 'paper' | 'paper-valid' | 'official' | 'sup_contrast';

export interface SupConOptions {
  temperature: number;
  variant?: SupConVariant;
  /** Only for `sup_contrast`. */
  base_temperature?: number;
}

interface Problem {
  readonly n: number;
  readonly d: number;
}

interface Tiling extends Candidate<Problem> {
  readonly ROW_LANES: number;
  readonly COLUMN_LANES: number;
  /** As many workgroups as should run at once; columns are split where there are fewer row tiles. */
  readonly workgroups: number;
  /** Invocations that share a row in the kernels that walk rows, and those that merge all rows. */
  readonly lanes: number;
  readonly mergers: number;
}

export const supConCandidates: readonly Tiling[] = [
  {
    name: 'register',
    suits: (_, { kind }) => kind === 'cpu',
    ROW_LANES: 4,
    COLUMN_LANES: 4,
    workgroups: 4,
    lanes: 4,
    mergers: 16,
  },
  { name: 'tile', ROW_LANES: 8, COLUMN_LANES: 8, workgroups: 128, lanes: 64, mergers: 256 },
];

/**
 * The supervised contrastive loss of `z` [n, d], whose rows it normalises itself, under i32 `labels` [n]; a loss of
 * shape [1]. A row with a negative label is no anchor and only pushes the others away. Memory grows with n · d, never
 * with n². Throws when shapes or dtypes do not fit.
 */
export function supCon(
  tape: Tape,
  z: Tensor,
  labels: Tensor,
  { temperature, variant = 'paper', base_temperature = 0.07 }: SupConOptions,
): Tensor {
  const [n = 0, d = 0] = z.shape;
  if (z.shape.length !== 2 || n < 1 || d < 1) throw shapeError('supCon', 'z', z.shape, 'it must be [rows, features]');
  if (labels.shape.length !== 1 || labels.shape[0] !== n)
    throw shapeError('supCon', 'labels', labels.shape, `z has ${n} rows`);
  if (labels.dtype !== 'i32') throw new Error(`supCon: labels are ${labels.dtype}, but they must be i32.`);
  if (!(temperature > 0)) throw new Error(`supCon: the temperature is ${temperature}, but it must be above 0.`);

  const tiling = choose(tape, 'sup_con', supConCandidates, { n, d });
  const { ROW_LANES, COLUMN_LANES } = tiling;
  const rowTiles = Math.ceil(n / (4 * ROW_LANES));
  const columnTiles = Math.ceil(n / (4 * COLUMN_LANES));
  const tilesPerSplit = Math.ceil(columnTiles / Math.ceil(tiling.workgroups / rowTiles));
  const splits = Math.ceil(columnTiles / tilesPerSplit);
  const d4 = Math.ceil(d / 4);
  const tile = {
    uniforms: {
      n,
      d4,
      columns_per_split: tilesPerSplit * 4 * COLUMN_LANES,
      self_positive: Number(variant === 'official'),
      inverse_temperature: 1 / temperature,
    },
    workgroups: [rowTiles, splits, 1],
  } as const;
  const lanes = { ROW_LANES, COLUMN_LANES };
  const walk = { constants: { WORKGROUP: tiling.lanes }, workgroups: grid(tape.target, n) };

  const v = tape.empty([n, 4 * d4], 'sup_con.v');
  const inverse_norms = tape.empty([n], 'sup_con.inverse_norms');
  tape.dispatch(kernels['sup_con/normalize'], {
    bindings: { z, v, inverse_norms },
    uniforms: { n, d, d4 },
    ...walk,
    label: 'sup_con.normalize',
    flops: 3 * n * d,
  });

  const parts = splits * COLUMN_LANES;
  const partials = tape.empty([parts, n, 4], 'sup_con.partials');
  tape.dispatch(kernels['sup_con/rows'], {
    bindings: { v, labels, partials },
    ...tile,
    constants: lanes,
    label: 'sup_con.rows',
    flops: 2 * n * n * d,
  });

  const rows = tape.empty([n, 4], 'sup_con.rows');
  const loss = tape.empty([1], 'sup_con');
  tape.dispatch(kernels['sup_con/combine'], {
    bindings: { partials, labels, rows, loss },
    uniforms: {
      n,
      parts,
      by_count: Number(variant === 'official'),
      over_valid: Number(variant === 'paper-valid'),
      scale: scaleOf(variant, n, temperature / base_temperature),
    },
    constants: { WORKGROUP: tiling.mergers },
    workgroups: [1, 1, 1],
    label: 'sup_con.combine',
  });

  return tape.record('sup_con', { z }, loss, (dy) => ({
    z: (into) => {
      const g = tape.empty([splits, n, 4 * d4], 'sup_con.g');
      const launch = {
        bindings: { v, labels, rows, g },
        ...tile,
        label: 'sup_con.rows_backward',
        flops: 4 * n * n * d,
      };
      if (tiling.name === 'register')
        tape.dispatch(kernels['sup_con/rows_backward_register'], { ...launch, constants: { ROW_LANES } });
      else tape.dispatch(kernels['sup_con/rows_backward_tile'], { ...launch, constants: lanes });
      const dz = into ?? tape.empty(z.shape, 'sup_con.grad');
      tape.dispatch(kernels['sup_con/normalize_backward'], {
        bindings: { g, v, inverse_norms, dy, dz },
        uniforms: { n, d, d4, splits, inverse_temperature: 1 / temperature },
        ...walk,
        label: 'sup_con.normalize_backward',
        flops: (splits + 5) * n * d,
      });
      return dz;
    },
  }));
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
