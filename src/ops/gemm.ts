import type { Kernel } from '../gpu/kernel/kernel.ts';
import { grid, type Target, type Workgroups } from '../gpu/kernel/target.ts';
import type { Tape } from '../tape/tape.ts';
import { type Candidate, choose } from './candidates.ts';
import type { Gemm } from './gemm/problem.ts';
import { type Body, TILINGS, type Tiling } from './gemm/tilings.ts';

/** A kernel's bindings and uniforms with any tunable constants: what kernels of one operand and different bodies share. */
export type Tunable<K> = K extends Kernel<infer B, infer U, string> ? Kernel<B, U, string> : never;

/** A GEMM kernel as a candidate, in all of its body's tilings. Without a body it computes one element an invocation. */
export interface GemmCandidate<K, M = never> extends Candidate<Gemm> {
  readonly body?: Body;
  readonly kernel: Tunable<K>;
  /** The same with partial statistics of the result's columns. */
  readonly moments?: Tunable<M>;
  /** Whether all operands are read as vec4s; true unless said. */
  readonly readsVec4s?: boolean;
  /** Of a depthwise kernel: the channels of an invocation. */
  readonly channels?: 1 | 4;
}

/** A candidate in one tiling; a kernel without a body has none. */
export interface GemmChoice<K, M = never> extends GemmCandidate<K, M> {
  readonly tiling?: Tiling;
  /** Into how many parts to cut the sum over depth. */
  readonly splits: number;
}

/** Which operands a kernel reads as vec4s: all, all but a convolution's image, or none. */
export type Reads = 'vec4' | 'image' | 'scalar';

/** The candidate that reads vec4s or, if told so, floats. */
export const gemmCandidate = <K, M = never>(
  body: Body,
  kernel: Tunable<K>,
  { reads = 'vec4', moments }: { reads?: Reads; moments?: Tunable<M> } = {},
): GemmCandidate<K, M> => ({
  name: reads === 'vec4' ? body : `${body}_${reads}`,
  unfit: (gemm, target) => unfitBody(body, gemm, target, reads),
  // Broadcasts on processors, workgroup memory on GPUs, else registers: also for groups that leave most of a tile empty.
  suits: ({ columns, groups = 1 }, { kind, subgroupSize }) => {
    if (body === 'register') return true;
    if (kind === 'gpu') return body === 'tile' && (groups === 1 || columns >= 16);
    return body === 'subgroup' && (groups === 1 || columns >= 2 * subgroupSize);
  },
  body,
  kernel,
  ...(moments && { moments }),
  readsVec4s: reads === 'vec4',
});

/** Why a body cannot run a product on an adapter; undefined where it can. */
function unfitBody(body: Body, gemm: Gemm, target: Target, reads: Reads): string | undefined {
  const { columns, vec4 } = gemm;
  if (reads === 'vec4' && !vec4) return 'a contiguous size or a stride is no multiple of 4';
  if (reads === 'image' && columns % 4 !== 0) return 'the output channels are no multiple of 4';
  if (body === 'subgroup' && !target.features.has('subgroups')) return 'the adapter has no subgroups';
  if (body === 'subgroup' && ![4, 8].includes(target.subgroupSize)) return 'subgroups do not have 4 or 8 lanes';
  return undefined;
}

/** Processors of an adapter; nothing tells how many a GPU has, and there are those with ten and with 150. */
export const processorsOf = ({ kind }: Target): number => (kind === 'cpu' ? 4 : 128);

/**
 * How many workgroups an adapter wants at least. Eight warps of 32 keep a GPU's processor busy, since invocations have many
 * independent sums.
 */
export const workgroupsWanted = (target: Target, threads: number): number =>
  processorsOf(target) * (target.kind === 'cpu' ? 1 : (8 * 32) / threads);

/** Tiles of one slice. */
export const tilesOf = ({ rows, columns }: Gemm, tile: Pick<Tiling, 'rows' | 'columns'>): number =>
  Math.ceil(rows / tile.rows) * Math.ceil(columns / tile.columns);

/**
 * Chooses a kernel, its tiling and into how many parts to cut the sum. The plain choice is the body of the adapter's class in
 * the tiling that should finish first.
 */
export function chooseGemm<K, M = never>(
  tape: Tape,
  op: string,
  candidates: readonly GemmCandidate<K, M>[],
  gemm: Gemm,
): GemmChoice<K, M> {
  const { target } = tape;
  const inTilings = (candidate: GemmCandidate<K, M>): GemmChoice<K, M>[] => {
    const { name, body, channels = 0, readsVec4s = true, unfit } = candidate;
    const cost = COST[body ?? (channels > 0 ? 'depthwise' : 'none')][target.kind];
    if (!body) return [{ ...candidate, ...estimate(target, gemm, SINGLE, cost) }];
    if (unfit?.(gemm, target) !== undefined) return [{ ...candidate, splits: 1 }];
    // Only vec4s of B can be transposed first.
    const readable: Gemm = gemm.b === 'transposable' && !readsVec4s ? { ...gemm, b: 'along' } : gemm;
    return TILINGS[body](target, readable)
      .map((tiling) => ({
        ...{ ...candidate, name: `${name} ${tiling.name}`, base: name, tiling },
        ...estimate(target, gemm, tiling, cost),
      }))
      .sort((a, b) => a.time - b.time);
  };
  return choose(tape, op, candidates.flatMap(inTilings), gemm);
}

/**
 * The time a tiling should take, in multiply-adds of the whole adapter, and the splits with which it takes that: padded work, at
 * least as much as the processors can do at once. On a GPU the last workgroups leave half of the processors idle.
 */
function estimate(target: Target, gemm: Gemm, tiling: Omit<Tiling, 'name' | 'constants' | 'step'>, bodyCost: number) {
  const { depth, slices, mostSplits = 1 } = gemm;
  const tiles = tilesOf(gemm, tiling) * slices;
  const wanted = workgroupsWanted(target, tiling.threads);
  const idle = target.kind === 'cpu' ? 0 : processorsOf(target) / 2;
  const { element, launch, wait } = SPLITTING[target.kind];
  const most = Math.min(mostSplits, Math.ceil(wanted / tiles));
  return [1, most / 4, most / 2, most].map(Math.ceil).reduce(
    (best, splits) => {
      const work = (Math.max(tiles * splits, wanted) + idle) * tiling.rows * tiling.columns * (depth / splits);
      const sums = splits > 1 ? launch + splits * (wait + element * gemm.rows * gemm.columns * slices) : 0;
      const time = work * tiling.cost * bodyCost + sums;
      return time < best.time ? { splits, time } : best;
    },
    { splits: 1, time: Number.POSITIVE_INFINITY },
  );
}

/**
 * What splits cost in multiply-adds of the whole adapter: an element of a partial, written and read; one more dispatch; the wait
 * for each partial in it.
 */
const SPLITTING: Readonly<Record<Target['kind'], { element: number; launch: number; wait: number }>> = {
  cpu: { element: 16, launch: 2e6, wait: 0 },
  gpu: { element: 60, launch: 3e7, wait: 1e6 },
};

/** One element an invocation. */
const SINGLE = { rows: 8, columns: 8, threads: 64, cost: 1 };

/** Workgroups of a GEMM: the tiles of all slices, each slice in so many splits. */
export const gemmGrid = (
  target: Target,
  gemm: Gemm,
  tiling: Pick<Tiling, 'rows' | 'columns'>,
  splits = 1,
): Workgroups => grid(target, tilesOf(gemm, tiling) * gemm.slices * splits);

/** Time an element takes with each body's best tiling, relative to the best body: roughly, to tell what need not be measured. */
const COST: Readonly<Record<Body | 'depthwise' | 'none', Readonly<Record<Target['kind'], number>>>> = {
  subgroup: { cpu: 1, gpu: 3 },
  tile: { cpu: 4, gpu: 1 },
  register: { cpu: 2, gpu: 2 },
  depthwise: { cpu: 5, gpu: 4 },
  none: { cpu: 15, gpu: 8 },
};
