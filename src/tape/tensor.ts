import type { DType } from '../gpu/kernel/kernel.ts';

export type { DType } from '../gpu/kernel/kernel.ts';
/** The sizes of a tensor's dimensions, the outermost first. */
export type Shape = readonly number[];

/** Bytes of one element. */
export const BYTES: Readonly<Record<DType, number>> = { f32: 4, i32: 4, u32: 4, u8: 1 };

/**
 * A value that a program computes or reads. Row-major; images are NHWC.
 * A tensor with `storage` outlives programs; the memory of all others is planned by the program that uses them.
 */
export interface Tensor {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly label: string;
  /** Whether a gradient must flow to this tensor or through it. */
  requiresGrad: boolean;
  readonly storage?: Slice;
  /** Set where the kernel that computes the tensor leaves statistics of it. */
  moments?: Moments;
}

/** Statistics of a tensor's channels over chunks of its rows (all dimensions but the last). */
export interface Moments {
  /** [chunks, 2, channels]: mean and sum of squared deviations. */
  readonly partials: Tensor;
  /** Rows of a chunk; the last may have fewer. */
  readonly chunkRows: number;
}

/** A part of a chunk: where a lasting tensor lives. */
export interface Slice {
  readonly chunk: Chunk;
  /** In bytes, a multiple of `SLICE_ALIGNMENT`. */
  readonly offset: number;
}

/** Memory that outlives programs. A device gives it a buffer at first use; from then on it cannot grow. */
export interface Chunk {
  readonly label: string;
  bytes: number;
  /** First contents, given or made where a device needs them; what no entry covers is zero. */
  readonly initial: {
    readonly offset: number;
    readonly bytes: number;
    readonly data: ArrayBufferView | (() => ArrayBufferView);
  }[];
  frozen: boolean;
}

/** WebGPU's default `minStorageBufferOffsetAlignment`. */
export const SLICE_ALIGNMENT = 256;

/** What an entry of a chunk's first contents holds. */
export const contentsOf = ({ data }: Chunk['initial'][number]): ArrayBufferView =>
  typeof data === 'function' ? data() : data;

/** How many elements a shape has. */
export const elements = (shape: Shape): number => shape.reduce((product, size) => product * size, 1);

/** Bytes a tensor occupies: whole vec4s, so that kernels may read and write it as `array<vec4f>`. */
export const byteLength = (tensor: Tensor): number =>
  Math.max(16, Math.ceil((elements(tensor.shape) * BYTES[tensor.dtype]) / 16) * 16);

/** Throws unless a tensor's sizes are whole numbers of at least 1, and its bytes so few that kernels can tell them apart. */
export function checkShape(label: string, shape: Shape, dtype: DType = 'f32'): void {
  if (shape.some((size) => !Number.isInteger(size) || size < 1))
    throw new Error(`${label} has shape ${showShape(shape)}, but sizes must be whole numbers of at least 1.`);
  const gibibytes = (elements(shape) * BYTES[dtype]) / 2 ** 30;
  if (gibibytes > 4)
    throw new Error(
      `${label} ${showShape(shape)} needs ${gibibytes.toFixed(1)} GiB of ${dtype}, but a tensor holds at most 4.`,
    );
}

/** A shape as `[2, 3]`. */
export const showShape = (shape: Shape): string => `[${shape.join(', ')}]`;

/** A tensor that outlives programs, zero unless `data` is given. */
export function variable(label: string, shape: Shape, dtype: DType = 'f32', data?: ArrayBufferView): Tensor {
  checkShape(label, shape, dtype);
  const want = elements(shape) * BYTES[dtype];
  if (data && data.byteLength !== want)
    throw new Error(`${label} ${showShape(shape)} needs ${want} bytes of ${dtype}, but ${data.byteLength} were given.`);
  const chunk: Chunk = {
    label,
    bytes: 0,
    initial: data ? [{ offset: 0, bytes: data.byteLength, data }] : [],
    frozen: false,
  };
  const tensor: Tensor = { shape, dtype, label, requiresGrad: false, storage: { chunk, offset: 0 } };
  chunk.bytes = byteLength(tensor);
  return tensor;
}

/** The whole of a chunk as one flat tensor. */
export const wholeChunk = (chunk: Chunk): Tensor => ({
  shape: [chunk.bytes / 4],
  dtype: 'f32',
  label: chunk.label,
  requiresGrad: false,
  storage: { chunk, offset: 0 },
});
