// One kernel launch: what an op says of it, and whether that can run.
import type { Kernel } from '../gpu/kernel/kernel.ts';
import type { Target, Workgroups } from '../gpu/kernel/target.ts';
import { byteLength, type Tensor } from './tensor.ts';

/** One kernel launch, as recorded: nothing has run. */
export interface Dispatch {
  readonly kernel: Kernel;
  readonly constants: Readonly<Record<string, number>>;
  readonly uniforms: Readonly<Record<string, number>>;
  readonly bindings: Readonly<Record<string, Tensor>>;
  readonly workgroups: Workgroups;
  /** The layer and the pass it belongs to, for example `layer1.0.conv1 conv2d.forward`. */
  readonly label: string;
  readonly flops: number;
  /** Bytes that must move at least: every bound tensor once, and twice one that is updated in place. */
  readonly bytes: number;
}

/** What an op says of one launch. */
export interface Launch<B extends string, U extends string, C extends string> {
  bindings: Record<B, Tensor>;
  uniforms: Record<U, number>;
  constants?: Partial<Record<C, number>>;
  workgroups: Workgroups;
  /** The op and pass, for example `conv2d.wgrad`. */
  label: string;
  /** Floating-point operations that the mathematics needs; a multiply-add counts two. */
  flops?: number;
  /** A bound tensor that is both read and written. */
  updates?: Tensor | undefined;
}

/** A launch as it is recorded. Throws, in a sentence with its label, what `Tape.dispatch` throws. */
export function checkedDispatch(
  target: Target,
  kernel: Kernel,
  { bindings, uniforms, constants = {}, workgroups, label, flops = 0, updates }: Launch<string, string, string>,
): Dispatch {
  checkNames(label, kernel, { bindings, uniforms, constants });
  const missing = kernel.features.filter((feature) => !target.features.has(feature));
  if (missing.length > 0)
    throw new Error(
      `${label}: the kernel ${kernel.name} needs ${missing.join(' and ')}, which ${target.name} does not have.`,
    );
  for (const { name, dtype } of kernel.bindings) {
    const tensor = bindings[name] as Tensor;
    if (tensor.dtype !== dtype)
      throw new Error(
        `${label}: ${tensor.label} is ${tensor.dtype}, but it must be ${dtype} (${name} of the kernel ${kernel.name}).`,
      );
  }
  const most = target.limits.maxComputeWorkgroupsPerDimension;
  if (workgroups.some((count) => !Number.isInteger(count) || count < 1 || count > most))
    throw new Error(
      `${label}: a grid of ${workgroups.join('×')} workgroups cannot run here; each dimension holds 1 to ${most}.`,
    );
  const moved = [...new Set(Object.values(bindings)), ...(updates ? [updates] : [])];
  return {
    ...{ kernel, uniforms, bindings, workgroups, label, flops },
    constants: {
      ...(constants as Record<string, number>),
      ...(target.tiles?.kernel === kernel.name && target.tiles.constants),
    },
    bytes: moved.reduce((sum, tensor) => sum + byteLength(tensor), 0),
  };
}

type Named = Readonly<Record<string, unknown>>;

/** Names that are wrong do not compile in TypeScript, but a kernel that is defined at run time has its names only there. */
function checkNames(
  label: string,
  { name: kernel, bindings, uniforms, constants }: Kernel,
  given: { bindings: Named; uniforms: Named; constants: Named },
): void {
  const whole = [
    ['binding', bindings.map(({ name }) => name), Object.keys(given.bindings)],
    ['uniform', Object.keys(uniforms?.fields ?? {}), Object.keys(given.uniforms)],
    ['constant', Object.keys(constants), Object.keys(given.constants)],
  ] as const;
  for (const [kind, own, names] of whole) {
    const missing = kind === 'constant' ? undefined : own.find((name) => !names.includes(name));
    if (missing !== undefined) throw new Error(`${label}: the kernel ${kernel} was not given its ${kind} ${missing}.`);
    const other = names.find((name) => !own.includes(name));
    if (other !== undefined)
      throw new Error(`${label}: the kernel ${kernel} has no ${kind} ${other}; it has: ${own.join(', ') || 'none'}.`);
  }
}
