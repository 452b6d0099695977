import type { Kernel } from '../gpu/kernel/kernel.ts';
import { grid, type Target, type Workgroups } from '../gpu/kernel/target.ts';
import type { Candidate } from './candidates.ts';

/** What a GEMM kernel computes, however its operands are read: `slices` products of rows × depth by depth × columns. */
export interface Gemm {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly slices: number;
  /** Whether the operands can be read as vec4s. */
  readonly vec4: boolean;
  /** Of a convolution: with more than one it is no GEMM. */
  readonly groups?: number;
}

/** The kernels of `kernels/lib/gemm_*.wgsl` and what they are told. */
export type Body = 'subgroup' | 'tile' | 'register';

/** A kernel's bindings and uniforms with any tunable constants: what kernels of one operand and different bodies share. */
export type Tunable<K> = K extends Kernel<infer B, infer U, string> ? Kernel<B, U, string> : never;

/** A GEMM kernel as a candidate. Without a body it computes one element an invocation. */
export interface GemmCandidate<K> extends Candidate<Gemm> {
  readonly body?: Body;
  readonly kernel: Tunable<K>;
}

/** The candidate that reads an operand's vec4s or, for the `scalar` one, its floats. */
export const gemmCandidate = <K>(body: Body, kernel: Tunable<K>, { scalar = false } = {}): GemmCandidate<K> => ({
  name: scalar ? `${body}_scalar` : body,
  unfit: (gemm, target) => unfitBody(body, gemm, target, scalar),
  // Broadcasts on processors, workgroup memory on GPUs, else registers.
  suits: (_gemm, target) => body === 'register' || (target.kind === 'cpu') === (body === 'subgroup'),
  body,
  kernel,
});

export interface Tiling {
  readonly constants: Readonly<Record<string, number>>;
  /** What a workgroup computes. */
  readonly rows: number;
  readonly columns: number;
  /** How many k a step takes. */
  readonly step: number;
}

interface Option extends Tiling {
  /** Time an element takes, relative to the body's best tiling: measured on SwiftShader; for GPUs an estimate. */
  readonly cost: number;
}

/** Why a body cannot run a product on an adapter; undefined where it can. */
function unfitBody(body: Body, { vec4, groups = 1 }: Gemm, target: Target, scalar: boolean): string | undefined {
  if (groups > 1) return 'the convolution has groups';
  if (!vec4 && !scalar) return 'a contiguous size or a stride is no multiple of 4';
  if (body === 'subgroup' && !target.features.has('subgroups')) return 'the adapter has no subgroups';
  if (body === 'subgroup' && ![4, 8].includes(target.subgroupSize)) return 'subgroups do not have 4 or 8 lanes';
  return undefined;
}

/** How many workgroups an adapter wants at least. */
export const processorsOf = ({ kind }: Target): number => (kind === 'cpu' ? 4 : 512);

/** Tiles of one slice. */
export const tilesOf = ({ rows, columns }: Gemm, tile: Pick<Tiling, 'rows' | 'columns'>): number =>
  Math.ceil(rows / tile.rows) * Math.ceil(columns / tile.columns);

/** The tiling that should finish first: the least padded work, as long as there are tiles for all processors. */
export function chooseTiling(body: Body, gemm: Gemm, target: Target): Tiling {
  const time = (option: Option) =>
    Math.max(tilesOf(gemm, option) * gemm.slices, processorsOf(target)) * option.rows * option.columns * option.cost;
  return OPTIONS[body](target, gemm.columns).reduce((best, option) => (time(option) < time(best) ? option : best));
}

/** Workgroups of a GEMM: tiles folded into x and y, slices along z. */
export function gemmGrid(target: Target, gemm: Gemm, tiling: Tiling): Workgroups {
  const [x, y] = grid(target, tilesOf(gemm, tiling));
  return [x, y, gemm.slices];
}

/** Costs of 4 × 4 blocks by how many rows and columns of them an invocation has. */
const BLOCKS = [
  { ROW_BLOCKS: 2, COLUMN_BLOCKS: 2, subgroup: 1, register: 1 },
  { ROW_BLOCKS: 1, COLUMN_BLOCKS: 2, subgroup: 1.1, register: 1.3 },
  { ROW_BLOCKS: 2, COLUMN_BLOCKS: 1, subgroup: 1.3, register: 1.3 },
  { ROW_BLOCKS: 1, COLUMN_BLOCKS: 1, subgroup: 1.5, register: 1.6 },
];

const OPTIONS: Readonly<Record<Body, (target: Target, columns: number) => readonly Option[]>> = {
  // Eight lanes make large tiles by themselves, and llvmpipe takes seconds to compile larger ones.
  subgroup: ({ subgroupSize: SUBGROUP }) =>
    (SUBGROUP === 8 ? BLOCKS.slice(-1) : BLOCKS).map(({ ROW_BLOCKS, COLUMN_BLOCKS, subgroup }) => ({
      constants: { SUBGROUP, ROW_BLOCKS, COLUMN_BLOCKS },
      rows: 4 * SUBGROUP * ROW_BLOCKS,
      columns: 4 * SUBGROUP * COLUMN_BLOCKS,
      step: 4,
      cost: subgroup,
    })),
  register: (_target, columns) =>
    BLOCKS.map(({ ROW_BLOCKS, COLUMN_BLOCKS, register }) => {
      // 64 invocations, no more of them side by side than there are columns for.
      const WORKGROUP_X = Math.min(8, 2 ** Math.ceil(Math.log2(Math.ceil(columns / (4 * COLUMN_BLOCKS)))));
      const WORKGROUP_Y = 64 / WORKGROUP_X;
      return {
        constants: { ROW_BLOCKS, COLUMN_BLOCKS, WORKGROUP_X, WORKGROUP_Y },
        rows: 4 * ROW_BLOCKS * WORKGROUP_Y,
        columns: 4 * COLUMN_BLOCKS * WORKGROUP_X,
        step: 4,
        cost: register,
      };
    }),
  tile: ({ limits }) =>
    [
      { ROW_BLOCKS: 2, COLUMN_BLOCKS: 2, THREADS_X: 8, THREADS_Y: 8, K_STEP: 16, cost: 1 },
      { ROW_BLOCKS: 2, COLUMN_BLOCKS: 2, THREADS_X: 16, THREADS_Y: 16, K_STEP: 8, cost: 0.9 },
      { ROW_BLOCKS: 2, COLUMN_BLOCKS: 1, THREADS_X: 8, THREADS_Y: 8, K_STEP: 16, cost: 1.3 },
      { ROW_BLOCKS: 1, COLUMN_BLOCKS: 1, THREADS_X: 8, THREADS_Y: 8, K_STEP: 16, cost: 1.6 },
      { ROW_BLOCKS: 1, COLUMN_BLOCKS: 1, THREADS_X: 4, THREADS_Y: 16, K_STEP: 16, cost: 1.7 },
    ]
      .filter(({ THREADS_X, THREADS_Y }) => THREADS_X * THREADS_Y <= limits.maxComputeInvocationsPerWorkgroup)
      .map(({ cost, ...constants }) => ({
        constants,
        rows: 4 * constants.ROW_BLOCKS * constants.THREADS_Y,
        columns: 4 * constants.COLUMN_BLOCKS * constants.THREADS_X,
        step: constants.K_STEP,
        cost,
      })),
};
