import { byteLength, type Chunk, contentsOf, elements, type Tensor } from '../tape/tensor.ts';
import { createLibrary, type Library } from './kernel/library.ts';
import { createPipelines, type Pipelines } from './kernel/pipelines.ts';
import { NULL_BACKEND, type Target } from './kernel/target.ts';
import { createScratch, type Scratch } from './scratch.ts';
import { createStagingRing, type Staging, type TypedArray, view } from './staging.ts';
import { checkData, writeBytes } from './write.ts';

export type { TypedArray } from './staging.ts';

/** A WebGPU device with what lasts on it: compiled pipelines, lasting tensors, and memory that programs share. */
export interface Device {
  readonly gpu: GPUDevice;
  readonly target: Target;
  /** Which adapter this is and why it was taken, in one line. */
  readonly description: string;
  /** Why this adapter was taken; empty where nobody said. */
  readonly why: string;
  /** The kernels' modules: what is replaced here is what programs compile from then on. */
  readonly library: Library;
  readonly pipelines: Pipelines;
  readonly scratch: Scratch;
  /** The buffer of a chunk, made and filled at first use. */
  buffer(chunk: Chunk): GPUBuffer;
  /** Overwrites a lasting tensor. Throws when it has none of its own memory, or the data's type or length differs from its own. */
  write(tensor: Tensor, data: ArrayBufferView): void;
  /** Whether a lasting tensor was given contents: by `write`, or when it was made. */
  isWritten(tensor: Tensor): boolean;
  /** Reads a lasting tensor, after all work submitted so far. */
  read(tensor: Tensor): Promise<TypedArray>;
  /** A buffer to copy results into; see `Staging`. */
  stage(bytes: number): Staging;
  /** The fastest candidates by op and problem, as far as they were measured: the target's `measured`, to be added to. */
  readonly measured: Map<string, string>;
  /** Awaits a promise that the GPU resolves, in the way that costs this runtime least. */
  wait<T>(promise: Promise<T>): Promise<T>;
  /** Waits until all submitted work is done. */
  idle(): Promise<void>;
  /** Throws an uncaptured GPU error since the last call; once the device was lost or destroyed, it throws that each time. */
  check(): void;
  /** Frees all memory; from then on whatever is asked of the device or its programs throws. */
  destroy(): void;
}

/** What a device is told by whoever chose its adapter. */
export interface DeviceOptions {
  /** Why this adapter was taken; completes the device's description. */
  why?: string;
  /** How to await what the GPU resolves, where the runtime needs help with it. */
  wait?<T>(promise: Promise<T>): Promise<T>;
}

const OPTIONAL_FEATURES = ['subgroups', 'shader-f16', 'timestamp-query'] as const;

/**
 * A device with all the limits of its adapter and the optional features that kernels can use.
 * Throws in one sentence when the adapter refuses.
 */
export async function createDevice(
  adapter: GPUAdapter,
  { why = '', wait = (p) => p }: DeviceOptions = {},
): Promise<Device> {
  if (adapter.info.device === NULL_BACKEND)
    throw new Error(
      "This adapter is Dawn's null backend, which compiles kernels but computes nothing: choose another.",
    );
  const gpu = await openDevice(adapter);
  const measured = new Map<string, string>();
  const target = { ...describeTarget(adapter, gpu), measured };
  // Weak, so that the memory of a tape that is dropped can be freed.
  const buffers = new WeakMap<Chunk, GPUBuffer>();
  const written = new WeakSet<Chunk>();
  const failures: Error[] = [];
  /** Why nothing can be done any more. */
  let gone: { readonly message: string; readonly cause?: unknown } | undefined;

  gpu.addEventListener('uncapturederror', (event) => failures.push(toError(event.error)));
  gpu.lost.then((cause) => {
    const message = `The GPU device was lost (${cause.message || cause.reason}); what was saved so far is intact.`;
    gone ??= { message, cause };
  });

  const live = () => {
    if (gone) throw new Error(gone.message, { cause: gone.cause });
  };
  const check = () => {
    const [failure] = failures.splice(0);
    if (failure) throw failure;
    live();
  };
  const ring = createStagingRing(gpu, wait, check);
  const library = createLibrary();
  /** First contents that are not on the device yet: made when a buffer is used, and not at all where they are overwritten before. */
  const unfilled = new WeakMap<Chunk, Chunk['initial']>();
  const allocate = (chunk: Chunk): GPUBuffer => {
    live();
    const existing = buffers.get(chunk);
    if (existing) return existing;
    if (chunk.bytes > target.limits.maxBufferSize)
      throw new Error(
        `${chunk.label} needs ${mebibytes(chunk.bytes)}, but a buffer of ${target.name} holds at most ${mebibytes(target.limits.maxBufferSize)}.`,
      );
    const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
    const buffer = gpu.createBuffer({ label: chunk.label, size: chunk.bytes, usage: STORAGE | COPY_SRC | COPY_DST });
    chunk.frozen = true;
    unfilled.set(chunk, chunk.initial);
    buffers.set(chunk, buffer);
    return buffer;
  };
  const device: Device = {
    gpu,
    target,
    measured,
    description: why ? `${target.name} (${why})` : target.name,
    why,
    library,
    pipelines: createPipelines(gpu, library),
    scratch: createScratch(gpu),
    wait,
    buffer(chunk) {
      const buffer = allocate(chunk);
      for (const part of unfilled.get(chunk) ?? []) writeBytes(gpu, buffer, part.offset, contentsOf(part));
      unfilled.delete(chunk);
      return buffer;
    },
    write(tensor, data) {
      const { chunk, offset } = lasting(tensor);
      checkData(tensor, data);
      const buffer = allocate(chunk);
      const waiting = unfilled.get(chunk) ?? [];
      const end = offset + data.byteLength;
      const isApart = (part: (typeof waiting)[number]) => part.offset + part.bytes <= offset || part.offset >= end;
      const isCovered = (part: (typeof waiting)[number]) => part.offset >= offset && part.offset + part.bytes <= end;
      for (const part of waiting)
        if (!isApart(part) && !isCovered(part)) writeBytes(gpu, buffer, part.offset, contentsOf(part));
      if (waiting.length > 0) unfilled.set(chunk, waiting.filter(isApart));
      writeBytes(gpu, buffer, offset, data);
      written.add(chunk);
    },
    isWritten(tensor) {
      const { chunk } = lasting(tensor);
      return written.has(chunk) || chunk.initial.length > 0;
    },
    async read(tensor) {
      const { chunk, offset } = lasting(tensor);
      const staging = device.stage(byteLength(tensor));
      const encoder = gpu.createCommandEncoder({ label: `read ${tensor.label}` });
      encoder.copyBufferToBuffer(device.buffer(chunk), offset, staging.buffer, 0, byteLength(tensor));
      gpu.queue.submit([encoder.finish()]);
      return view(await staging.read(), tensor.dtype, elements(tensor.shape));
    },
    stage(bytes) {
      live();
      return ring.take(bytes);
    },
    async idle() {
      live();
      await wait(gpu.queue.onSubmittedWorkDone());
      check();
    },
    check,
    destroy() {
      gone ??= { message: 'The device was destroyed: request another one.' };
      gpu.destroy();
    },
  };
  return device;
}

/**
 * The device that the browser or Deno offers by `navigator.gpu`.
 * Throws in one sentence where there is no WebGPU or no adapter.
 */
export async function requestDevice(): Promise<Device> {
  const webgpu = globalThis.navigator?.gpu;
  if (!webgpu)
    throw new Error(
      'This runtime has no WebGPU: use a browser that has it, Deno, or the package\'s "./node" entry in Node.',
    );
  const adapter = await webgpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new Error('WebGPU found no adapter: there is no GPU driver that it can use.');
  return createDevice(adapter, {
    why: adapter.info.isFallbackAdapter ? 'software, the only adapter there is' : 'offered by the runtime',
  });
}

/** Bytes for people, for example `12 MiB`. */
export const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(bytes < 2 ** 20 ? 2 : 0)} MiB`;

async function openDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  const { limits } = adapter;
  const requiredFeatures = OPTIONAL_FEATURES.filter((feature) => adapter.features.has(feature));
  try {
    return await adapter.requestDevice({
      requiredFeatures,
      requiredLimits: {
        maxBufferSize: limits.maxBufferSize,
        maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
        maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
        maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
        maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
        maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
      },
    });
  } catch (cause) {
    throw new Error(`The adapter ${adapterName(adapter.info)} gave no device: ${(cause as Error).message}`, { cause });
  }
}

/** The driver's own words where it has some; browsers give only vendor and architecture. */
const adapterName = ({ vendor, architecture, description }: GPUAdapterInfo): string =>
  description || [vendor, architecture].filter(Boolean).join(' ') || 'WebGPU adapter';

function describeTarget(adapter: GPUAdapter, gpu: GPUDevice): Target {
  const { info } = adapter;
  const { limits } = gpu;
  const name = adapterName(info);
  const software = info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|basic render/i.test(name);
  return {
    kind: software ? 'cpu' : 'gpu',
    name,
    features: new Set(gpu.features as ReadonlySet<string>),
    subgroupSize:
      gpu.features.has('subgroups') && info.subgroupMinSize === info.subgroupMaxSize ? (info.subgroupMinSize ?? 0) : 0,
    limits: {
      maxBufferSize: limits.maxBufferSize,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
      minStorageBufferOffsetAlignment: limits.minStorageBufferOffsetAlignment,
    },
  };
}

/** WebGPU's own errors are no `Error`s and have no name; this gives them both. */
function toError(error: GPUError): Error {
  const wrapped = new Error(`The GPU refused a command: ${error.message}`, { cause: error });
  wrapped.name = error.constructor.name;
  return wrapped;
}

function lasting(tensor: Tensor) {
  if (!tensor.storage)
    throw new Error(
      `${tensor.label} is a step's temporary: only inputs, outputs and lasting tensors can be read or written.`,
    );
  return tensor.storage;
}
