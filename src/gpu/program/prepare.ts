import type { Dispatch } from '../../tape/launch.ts';
import type { Tape } from '../../tape/tape.ts';
import { byteLength, type Tensor } from '../../tape/tensor.ts';
import { type Device, mebibytes } from '../device.ts';
import { packUniforms } from '../kernel/kernel.ts';
import type { Pipeline } from '../kernel/pipelines.ts';
import type { Command } from './command.ts';
import { type Plan, plan } from './plan.ts';

/** A tape with all that its runs need made once: memory, pipelines, uniforms and bind groups. */
export interface Prepared {
  readonly planned: Plan;
  /** What to submit, in the memory for temporaries as it is now; to be asked for again at the next submission. */
  bind(): Bound;
  /** Frees its own memory, once the queue no longer needs it, and gives back what it shares. */
  destroy(): void;
}

/** A tape's dispatches, bound to buffers. */
export interface Bound {
  /** One for each planned dispatch. */
  readonly commands: readonly Command[];
  /** The commands in runs that are submitted together. */
  readonly submissions: readonly (readonly Command[])[];
  /** The same, of so many runs one after the other. */
  repeated(times: number): readonly (readonly Command[])[];
  /** Where a tensor lies. */
  locate(tensor: Tensor): Required<GPUBufferBinding>;
}

/**
 * A submission is cut before it exceeds this many operations or bytes (a byte counts as four operations), so that none
 * runs long enough for an operating system to reset the GPU.
 */
const SUBMISSION_COST = { gpu: 2e11, cpu: 2e10 };

/** Throws when a tensor is larger than the adapter can bind, or when the GPU has failed since the last call. */
export async function prepare(device: Device, tape: Tape): Promise<Prepared> {
  const { gpu, target } = device;
  device.check();
  const planned = plan(tape.dispatches, [...tape.outputs.values()]);
  checkSizes(device, planned);
  const pipelines = await device.wait(
    Promise.all(planned.dispatches.map(({ kernel, constants }) => device.pipelines.get(kernel, constants))),
  );
  device.check();
  const uniforms = writeUniforms(gpu, planned.dispatches);
  const reservation = device.scratch.reserve(planned.sizes);
  let bound: (Bound & { readonly scratch: readonly GPUBuffer[] }) | undefined;
  const bind = () => {
    const scratch = reservation.buffers();
    if (bound?.scratch === scratch) return bound;
    const locate = (tensor: Tensor): Required<GPUBufferBinding> => {
      const size = byteLength(tensor);
      if (!tensor.storage)
        return { buffer: scratch[planned.placement.get(tensor) as number] as GPUBuffer, offset: 0, size };
      const { chunk, offset } = tensor.storage;
      return { buffer: device.buffer(chunk), offset, size };
    };
    const commands = planned.dispatches.map(({ kernel, bindings, workgroups, label }, index): Command => {
      const { pipeline, layout } = pipelines[index] as Pipeline;
      const bound = kernel.bindings.map(({ name, binding, access }) => ({
        ...{ binding, access },
        resource: locate(bindings[name] as Tensor),
      }));
      const writes = bound.filter(({ access }) => access === 'read_write').map(({ resource }) => resource);
      const entries: GPUBindGroupEntry[] = bound.map(({ binding, resource }) => ({ binding, resource }));
      const uniform = uniforms.slots[index];
      if (uniform) entries.push({ binding: 0, resource: uniform });
      return { pipeline, workgroups, writes, bindGroup: gpu.createBindGroup({ label, layout, entries }) };
    });
    const repeated = (times: number) => {
      const all = <T>(once: readonly T[]) => Array.from({ length: times }, () => once).flat();
      return cut(all(planned.dispatches), all(commands), SUBMISSION_COST[target.kind]);
    };
    bound = { scratch, commands, submissions: repeated(1), repeated, locate };
    return bound;
  };
  const destroy = () => {
    reservation.release();
    uniforms.buffer?.destroy();
  };
  try {
    // Memory that cannot be had is told when a program is made, not when it first runs.
    bind();
  } catch (error) {
    destroy();
    throw error;
  }
  return { planned, bind, destroy };
}

/** All uniforms of a program in one buffer, written once, a slot a dispatch; kernels without any need none. */
interface Uniforms {
  readonly buffer?: GPUBuffer;
  readonly slots: readonly (GPUBufferBinding | undefined)[];
}

function writeUniforms(gpu: GPUDevice, dispatches: readonly Dispatch[]): Uniforms {
  const slot = gpu.limits.minUniformBufferOffsetAlignment;
  let bytes = 0;
  const slots = dispatches.map(({ kernel, uniforms }) => {
    if (!kernel.uniforms) return undefined;
    const offset = bytes;
    bytes += Math.ceil(kernel.uniforms.size / slot) * slot;
    return { offset, data: packUniforms(kernel, uniforms) };
  });
  if (bytes === 0) return { slots: [] };
  const buffer = gpu.createBuffer({
    label: 'uniforms',
    size: bytes,
    usage: GPUBufferUsage.UNIFORM,
    mappedAtCreation: true,
  });
  const mapped = new Uint8Array(buffer.getMappedRange());
  for (const entry of slots) if (entry) mapped.set(new Uint8Array(entry.data), entry.offset);
  buffer.unmap();
  return {
    buffer,
    slots: slots.map((entry) => entry && { buffer, offset: entry.offset, size: entry.data.byteLength }),
  };
}

/** Splits the commands of dispatches into runs of bounded cost, at least one. */
function cut(dispatches: readonly Dispatch[], commands: readonly Command[], budget: number): Command[][] {
  const runs: Command[][] = [];
  let from = 0;
  let cost = 0;
  dispatches.forEach(({ flops, bytes }, index) => {
    const own = flops + 4 * bytes;
    if (index > from && cost + own > budget) {
      runs.push(commands.slice(from, index));
      from = index;
      cost = 0;
    }
    cost += own;
  });
  runs.push(commands.slice(from));
  return runs;
}

function checkSizes({ target }: Device, { dispatches }: Plan): void {
  const most = Math.min(target.limits.maxStorageBufferBindingSize, target.limits.maxBufferSize);
  for (const { bindings, label } of dispatches)
    for (const tensor of Object.values(bindings))
      if (byteLength(tensor) > most)
        throw new Error(
          `${label}: ${tensor.label} [${tensor.shape.join(', ')}] needs ${mebibytes(byteLength(tensor))}, but ${target.name} binds at most ${mebibytes(most)}; use a smaller batch.`,
        );
}
