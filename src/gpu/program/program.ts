import type { Dispatch, Tape } from '../../tape/tape.ts';
import { byteLength, type DType, elements, type Tensor } from '../../tape/tensor.ts';
import { type Device, mebibytes } from '../device.ts';
import { packUniforms } from '../kernel/kernel.ts';
import type { Workgroups } from '../kernel/target.ts';
import { type TypedArray, view } from '../staging.ts';
import { type Command, encode } from './command.ts';
import { type Plan, plan } from './plan.ts';
import { profile } from './profile.ts';

/** A compiled tape: built once, run many times. */
export interface Program {
  /**
   * Writes the given inputs (others keep their last value), submits one run and returns at once.
   * The outputs named in `read` are copied out at the end of the run and can be awaited whenever it suits.
   * Throws when an input or output is unknown, or when the GPU has failed since the last call.
   */
  run<K extends string = never>(inputs?: Readonly<Record<string, ArrayBufferView>>, read?: readonly K[]): Readback<K>;
  /** Runs once with a timestamp around each dispatch. Throws where the adapter has no timestamps. */
  profile(inputs?: Readonly<Record<string, ArrayBufferView>>): Promise<DispatchInfo[]>;
  /** Every dispatch of a run, in order. */
  describe(): DispatchInfo[];
  readonly memory: ProgramMemory;
}

export interface Readback<K extends string> {
  /** The outputs asked for. To be called once; waits for the run to finish. */
  read(): Promise<{ readonly [P in K]: TypedArray }>;
}

export interface DispatchInfo {
  readonly label: string;
  readonly kernel: string;
  readonly workgroups: Workgroups;
  readonly flops: number;
  readonly bytes: number;
  readonly nanoseconds?: number;
}

/** Bytes of a program's memory. */
export interface ProgramMemory {
  /** Temporaries after sharing: what the program takes from the device's scratch memory. */
  readonly planned: number;
  /** Temporaries alive at once in the worst moment. */
  readonly peak: number;
  /** What sharing saved against one buffer a temporary. */
  readonly saved: number;
  /** Inputs, parameters, gradients, optimizer state and all else that outlives a run. */
  readonly lasting: number;
}

/**
 * A submission is cut before it exceeds this many operations or bytes (a byte counts as four operations), so that none
 * runs long enough for an operating system to reset the GPU.
 */
const SUBMISSION_COST = { gpu: 2e11, cpu: 2e10 };

/**
 * Plans memory, compiles pipelines and makes bind groups for a tape.
 * Throws when a tensor is larger than the adapter can bind.
 */
export async function compile(device: Device, tape: Tape): Promise<Program> {
  const { gpu, target } = device;
  const planned = plan(tape.dispatches, [...tape.outputs.values()]);
  checkSizes(device, planned);
  const pipelines = await device.wait(
    Promise.all(planned.dispatches.map(({ kernel, constants }) => device.pipelines.get(kernel, constants))),
  );
  const scratch = device.scratch.take(planned.sizes);
  const locate = (tensor: Tensor): GPUBufferBinding => {
    if (tensor.storage) {
      const { chunk, offset } = tensor.storage;
      return { buffer: device.buffer(chunk), offset, size: byteLength(tensor) };
    }
    return {
      buffer: scratch[planned.placement.get(tensor) as number] as GPUBuffer,
      offset: 0,
      size: byteLength(tensor),
    };
  };
  const uniforms = writeUniforms(gpu, planned.dispatches);
  const commands = planned.dispatches.map(({ kernel, bindings, workgroups, label }, index): Command => {
    const { pipeline, layout } = pipelines[index] as { pipeline: GPUComputePipeline; layout: GPUBindGroupLayout };
    const entries = kernel.bindings.map(({ name, binding }) => ({
      binding,
      resource: locate(bindings[name] as Tensor),
    }));
    const uniform = uniforms.at(index);
    if (uniform) entries.push({ binding: 0, resource: uniform });
    return { pipeline, workgroups, bindGroup: gpu.createBindGroup({ label, layout, entries }) };
  });
  const submissions = cut(planned.dispatches, SUBMISSION_COST[target.kind]);

  const writeInputs = (inputs: Readonly<Record<string, ArrayBufferView>>) => {
    for (const [name, data] of Object.entries(inputs)) device.write(named(tape.inputs, 'input', name), data);
  };
  const describe = (): DispatchInfo[] =>
    planned.dispatches.map(({ label, kernel, workgroups, flops, bytes }) => ({
      label,
      kernel: kernel.name,
      workgroups,
      flops,
      bytes,
    }));

  return {
    describe,
    memory: memoryOf(planned),
    run(inputs = {}, read = []) {
      device.check();
      writeInputs(inputs);
      const outputs = read.map((name) => ({ name, tensor: named(tape.outputs, 'output', name) }));
      let bytes = 0;
      const places = outputs.map(({ tensor }) => {
        const place = bytes;
        bytes += byteLength(tensor);
        return place;
      });
      const staging = bytes > 0 ? device.stage(bytes) : undefined;
      submissions.forEach(([from, to], index) => {
        const encoder = gpu.createCommandEncoder();
        const pass = encoder.beginComputePass();
        for (const command of commands.slice(from, to)) encode(pass, command);
        pass.end();
        if (staging && index === submissions.length - 1)
          outputs.forEach(({ tensor }, i) => {
            const { buffer, offset = 0, size = 0 } = locate(tensor);
            encoder.copyBufferToBuffer(buffer, offset, staging.buffer, places[i] as number, size);
          });
        gpu.queue.submit([encoder.finish()]);
      });
      return {
        async read() {
          const copied = (await staging?.read()) ?? new ArrayBuffer(0);
          const entries = outputs.map(({ name, tensor }, i) => {
            const place = places[i] as number;
            return [
              name,
              view(copied.slice(place, place + byteLength(tensor)), tensor.dtype as DType, elements(tensor.shape)),
            ];
          });
          return Object.fromEntries(entries);
        },
      };
    },
    async profile(inputs = {}) {
      device.check();
      writeInputs(inputs);
      const times = await profile(device, commands);
      return describe().map((info, index) => ({ ...info, nanoseconds: times[index] as number }));
    },
  };
}

function named(tensors: ReadonlyMap<string, Tensor>, kind: string, name: string): Tensor {
  const tensor = tensors.get(name);
  if (tensor) return tensor;
  throw new Error(`The program has no ${kind} named ${name}; it has: ${[...tensors.keys()].join(', ') || 'none'}.`);
}

/** All uniforms of a program in one buffer, written once, a slot a dispatch. */
function writeUniforms(gpu: GPUDevice, dispatches: readonly Dispatch[]): (GPUBufferBinding | undefined)[] {
  const slot = gpu.limits.minUniformBufferOffsetAlignment;
  let bytes = 0;
  const slots = dispatches.map(({ kernel, uniforms }) => {
    if (!kernel.uniforms) return undefined;
    const offset = bytes;
    bytes += Math.ceil(kernel.uniforms.size / slot) * slot;
    return { offset, data: packUniforms(kernel, uniforms) };
  });
  if (bytes === 0) return slots.map(() => undefined);
  const buffer = gpu.createBuffer({
    label: 'uniforms',
    size: bytes,
    usage: GPUBufferUsage.UNIFORM,
    mappedAtCreation: true,
  });
  const mapped = new Uint8Array(buffer.getMappedRange());
  for (const entry of slots) if (entry) mapped.set(new Uint8Array(entry.data), entry.offset);
  buffer.unmap();
  return slots.map((entry) => entry && { buffer, offset: entry.offset, size: entry.data.byteLength });
}

/** Splits dispatches into ranges of bounded cost, at least one range. */
function cut(dispatches: readonly Dispatch[], budget: number): [from: number, to: number][] {
  const ranges: [number, number][] = [];
  let from = 0;
  let cost = 0;
  dispatches.forEach(({ flops, bytes }, index) => {
    const own = flops + 4 * bytes;
    if (index > from && cost + own > budget) {
      ranges.push([from, index]);
      from = index;
      cost = 0;
    }
    cost += own;
  });
  ranges.push([from, dispatches.length]);
  return ranges;
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

function memoryOf({ dispatches, sizes, unshared, live }: Plan): ProgramMemory {
  const planned = sizes.reduce((sum, size) => sum + size, 0);
  const chunks = new Set(
    dispatches.flatMap(({ bindings }) => Object.values(bindings).flatMap(({ storage }) => storage?.chunk ?? [])),
  );
  const lasting = [...chunks].reduce((sum, chunk) => sum + chunk.bytes, 0);
  return { planned, peak: live, saved: unshared - planned, lasting };
}
