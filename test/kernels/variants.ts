import type { Kernel } from '../../src/gpu/kernel/kernel.ts';
import type { Target } from '../../src/gpu/kernel/target.ts';
import { type Body, TILINGS } from '../../src/ops/gemm/tilings.ts';

type Constants = Readonly<Record<string, number>>;

const LIMITS = {
  maxBufferSize: 2 ** 30,
  maxStorageBufferBindingSize: 2 ** 30,
  maxComputeWorkgroupsPerDimension: 65_535,
  maxComputeWorkgroupStorageSize: 16_384,
  maxComputeInvocationsPerWorkgroup: 256,
  minStorageBufferOffsetAlignment: 256,
};

/** Adapters that differ in the tilings they get. */
const TARGETS: readonly Target[] = [4, 8, 32].map((subgroupSize) => ({
  kind: subgroupSize === 32 ? 'gpu' : 'cpu',
  name: `${subgroupSize} lanes`,
  features: new Set(['subgroups']),
  subgroupSize,
  limits: LIMITS,
}));

/**
 * The constants that the ops may give a kernel: each flag (what the text compares with 0 or 1) the other way round, all of
 * them so, and every tiling of its body with and without the flags.
 */
export function variantsOf(kernel: Kernel, text: string): readonly Constants[] {
  const flags = Object.entries(kernel.constants)
    .filter(([name]) => new RegExp(`\\b${name} == [01]u`).test(text))
    .map(([name, value]): Constants => ({ [name]: value === 1 ? 0 : 1 }));
  const all = Object.assign({}, ...flags) as Constants;
  const variants = [{}, ...flags, all, ...tilingsOf(kernel).flatMap((tiling) => [tiling, { ...all, ...tiling }])];
  return [...new Map(variants.map((constants) => [JSON.stringify(constants), constants])).values()];
}

function tilingsOf({ values: { body }, name }: Kernel): Constants[] {
  if (!body) return [];
  // Only the matrix product and the input gradient read a B along which k runs.
  const along = name.startsWith('matmul/') || name.startsWith('conv2d/dgrad');
  const readsVec4s = !name.endsWith('_scalar');
  return TARGETS.filter(({ subgroupSize }) => body !== 'subgroup' || subgroupSize <= 8).flatMap((target) =>
    TILINGS[body as Body](target, {
      ...{ rows: 256, columns: 256, depth: 256, slices: 1, vec4: readsVec4s },
      ...(along && { b: 'along' as const }),
    }).map((tiling) => tiling.constants),
  );
}
