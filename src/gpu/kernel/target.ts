/** What an op needs to know of an adapter to choose a kernel: plain data, no GPU object. */
export interface Target {
  /** `cpu` for drivers that run WGSL on the processor (SwiftShader, llvmpipe): they want barrier-free kernels. */
  readonly kind: 'cpu' | 'gpu';
  /** Vendor, architecture and description as the adapter gives them. */
  readonly name: string;
  readonly features: ReadonlySet<string>;
  /** The number of lanes of a subgroup where the adapter fixes it, else 0. */
  readonly subgroupSize: number;
  readonly limits: Readonly<TargetLimits>;
  /** The fastest candidate by op and problem, where it was measured: it goes before what the shape alone suggests. */
  readonly measured?: ReadonlyMap<string, string>;
  /** Constants of one kernel in place of what its op would choose: for whoever tries others. */
  readonly tiles?: Tiles;
}

export interface Tiles {
  readonly kernel: string;
  readonly constants: Readonly<Record<string, number>>;
}

/** The constants that an op has chosen to cover a tensor with, or those of the target in their place: grids are made from them. */
export function tile<T extends Readonly<Record<string, number>>>({ tiles }: Target, chosen: T): T {
  if (!tiles) return chosen;
  const entries = Object.entries(chosen).map(([name, value]) => [name, tiles.constants[name] ?? value]);
  return Object.fromEntries(entries) as T;
}

export interface TargetLimits {
  maxBufferSize: number;
  maxStorageBufferBindingSize: number;
  maxComputeWorkgroupsPerDimension: number;
  maxComputeWorkgroupStorageSize: number;
  maxComputeInvocationsPerWorkgroup: number;
  minStorageBufferOffsetAlignment: number;
}

/** How many workgroups of a kernel run along each dimension of a dispatch. */
export type Workgroups = readonly [x: number, y: number, z: number];

/**
 * A grid of `count` workgroups, folded into two dimensions where one cannot hold them.
 * Kernels undo the fold with `workgroup_index` and must ignore indices of `count` and above.
 */
export function grid(target: Target, count: number): Workgroups {
  const most = target.limits.maxComputeWorkgroupsPerDimension;
  if (count <= most) return [Math.max(count, 1), 1, 1];
  const y = Math.ceil(count / most);
  return [Math.ceil(count / y), y, 1];
}

/** How Dawn's backend that validates and computes nothing names its adapter's device. */
export const NULL_BACKEND = 'null-backend';
