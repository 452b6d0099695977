import { type Target, tile } from '../../gpu/kernel/target.ts';
import type { Gemm } from './problem.ts';

/** The kernels of `kernels/gemm/` and what they are told. */
export type Body = 'subgroup' | 'tile' | 'register';

/** How much a workgroup and an invocation of a GEMM kernel compute: what its constants say. */
export interface Tiling {
  /** Distinct within a body. */
  readonly name: string;
  readonly constants: Readonly<Record<string, number>>;
  /** What a workgroup computes. */
  readonly rows: number;
  readonly columns: number;
  /** How many k a step takes. */
  readonly step: number;
  /** Rows whose statistics are stored together; all of them unless given. */
  readonly chunkRows?: number;
  /** Invocations of a workgroup. */
  readonly threads: number;
  /** Whether it needs k to run down the rows of a B that has them the other way round. */
  readonly transposesB?: boolean;
  /** Time an element takes, relative to the body's best tiling: measured on SwiftShader; for GPUs an estimate. */
  readonly cost: number;
}

/** Tilings of `register` by blocks of 4 × 4. */
const BLOCKS = [
  { ROW_BLOCKS: 2, COLUMN_BLOCKS: 2, cost: 1 },
  { ROW_BLOCKS: 1, COLUMN_BLOCKS: 2, cost: 1.3 },
  { ROW_BLOCKS: 2, COLUMN_BLOCKS: 1, cost: 1.3 },
  { ROW_BLOCKS: 1, COLUMN_BLOCKS: 1, cost: 1.6 },
];

interface SubgroupTiling {
  readonly ROW_BLOCKS: number;
  readonly COLUMN_BLOCKS: number;
  readonly K_STEP: number;
  readonly ROW_GROUPS?: number;
  readonly cost: number;
}

/** Tilings of `subgroup` on SwiftShader. */
const FOUR_LANES: readonly SubgroupTiling[] = [
  { ROW_BLOCKS: 2, COLUMN_BLOCKS: 2, K_STEP: 4, cost: 1 },
  { ROW_BLOCKS: 1, COLUMN_BLOCKS: 2, K_STEP: 4, cost: 1.1 },
  { ROW_BLOCKS: 2, COLUMN_BLOCKS: 1, K_STEP: 4, cost: 1.3 },
  { ROW_BLOCKS: 1, COLUMN_BLOCKS: 1, K_STEP: 4, cost: 1.5 },
  // The step of eight lanes, for tests on machines that have only SwiftShader.
  { ROW_BLOCKS: 1, COLUMN_BLOCKS: 2, K_STEP: 2, cost: 1.7 },
];

/** On llvmpipe. A longer loop than these have does not fit the processor's cache of decoded instructions. */
const EIGHT_LANES: readonly SubgroupTiling[] = [
  { ROW_BLOCKS: 1, COLUMN_BLOCKS: 2, K_STEP: 2, cost: 1 },
  { ROW_BLOCKS: 1, COLUMN_BLOCKS: 1, K_STEP: 2, cost: 1.1 },
  { ROW_BLOCKS: 1, COLUMN_BLOCKS: 1, K_STEP: 4, cost: 1.3 },
  { ROW_BLOCKS: 1, COLUMN_BLOCKS: 1, K_STEP: 2, ROW_GROUPS: 2, cost: 1.7 },
];

/** Every body's tilings, named by what a workgroup computes; those of `register` by what an invocation does. */
export const TILINGS: Readonly<Record<Body, (target: Target, gemm: Gemm) => readonly Tiling[]>> = {
  subgroup: (target, { b, rows: m }) => {
    const { subgroupSize: SUBGROUP } = target;
    return (SUBGROUP === 8 ? EIGHT_LANES : FOUR_LANES)
      .filter(({ K_STEP }) => K_STEP === 4 || b !== 'along')
      .map(({ cost, ...chosen }) => {
        const blocks: Omit<SubgroupTiling, 'cost'> = tile(target, { ...chosen });
        const { ROW_BLOCKS, COLUMN_BLOCKS, K_STEP: step, ROW_GROUPS = 1 } = blocks;
        const [rows, columns] = [4 * SUBGROUP * ROW_BLOCKS, (4 * SUBGROUP * COLUMN_BLOCKS) / ROW_GROUPS];
        const transposesB = b === 'transposable' && step === 2;
        return {
          ...{ name: `${rows}x${columns}x${step}`, constants: { SUBGROUP, ...blocks }, rows, columns, step },
          ...{ chunkRows: rows / ROW_GROUPS, threads: SUBGROUP, transposesB },
          cost: transposesB ? cost * (1 + 32 / m) : cost,
        };
      });
  },
  register: (target, { columns }) =>
    BLOCKS.map(({ cost, ...blocks }) => {
      // 64 invocations, no more of them side by side than there are columns for.
      const across = Math.min(8, 2 ** Math.ceil(Math.log2(Math.ceil(columns / (4 * blocks.COLUMN_BLOCKS)))));
      const constants = tile(target, { ...blocks, WORKGROUP_X: across, WORKGROUP_Y: 64 / across });
      const { ROW_BLOCKS, COLUMN_BLOCKS, WORKGROUP_X, WORKGROUP_Y } = constants;
      return {
        name: `${4 * ROW_BLOCKS}x${4 * COLUMN_BLOCKS}`,
        constants,
        rows: 4 * ROW_BLOCKS * WORKGROUP_Y,
        columns: 4 * COLUMN_BLOCKS * WORKGROUP_X,
        step: 4,
        threads: WORKGROUP_X * WORKGROUP_Y,
        cost,
      };
    }),
  // Two buffers of 128 × 128 fill the 16 KiB of workgroup memory that every adapter has. Larger tiles read less:
  // a float brings 64 multiply-adds to 128 × 128, 32 to 64 × 64, 16 to 32 × 32.
  tile: (target) =>
    [
      { ROW_BLOCKS: 2, COLUMN_BLOCKS: 2, THREADS_X: 16, THREADS_Y: 16, K_STEP: 8, cost: 0.85 },
      { ROW_BLOCKS: 2, COLUMN_BLOCKS: 2, THREADS_X: 8, THREADS_Y: 16, K_STEP: 8, cost: 0.9 },
      { ROW_BLOCKS: 2, COLUMN_BLOCKS: 2, THREADS_X: 8, THREADS_Y: 8, K_STEP: 8, cost: 1 },
      { ROW_BLOCKS: 2, COLUMN_BLOCKS: 1, THREADS_X: 8, THREADS_Y: 8, K_STEP: 16, cost: 1.3 },
      { ROW_BLOCKS: 1, COLUMN_BLOCKS: 2, THREADS_X: 8, THREADS_Y: 8, K_STEP: 16, cost: 1.3 },
      { ROW_BLOCKS: 1, COLUMN_BLOCKS: 1, THREADS_X: 8, THREADS_Y: 8, K_STEP: 16, cost: 1.7 },
      { ROW_BLOCKS: 1, COLUMN_BLOCKS: 1, THREADS_X: 4, THREADS_Y: 16, K_STEP: 16, cost: 1.8 },
    ]
      .map(({ cost, ...chosen }) => {
        const constants = tile(target, chosen);
        const rows = 4 * constants.ROW_BLOCKS * constants.THREADS_Y;
        const columns = 4 * constants.COLUMN_BLOCKS * constants.THREADS_X;
        const threads = constants.THREADS_X * constants.THREADS_Y;
        return { name: `${rows}x${columns}`, constants, rows, columns, step: constants.K_STEP, threads, cost };
      })
      .filter(({ threads }) => threads <= target.limits.maxComputeInvocationsPerWorkgroup),
};
