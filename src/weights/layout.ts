// Layouts at the border with PyTorch. Inside the engine the channel that varies fastest is always the last:
// activations are NHWC, convolution weights HWIO and linear weights (in, out); PyTorch has NCHW, OIHW and (out, in).

import { elementCount } from './host-tensor.ts';

/** What a tensor is, as far as its layout goes. */
export type Layout = 'activation' | 'conv_weight' | 'linear_weight';

type NumberArray = Float32Array | Float64Array | Int32Array | Uint32Array | Uint16Array | Uint8Array;

const toEngineAxes: Record<Layout, readonly number[]> = {
  activation: [0, 2, 3, 1],
  conv_weight: [2, 3, 1, 0],
  linear_weight: [1, 0],
};

const toTorchAxes: Record<Layout, readonly number[]> = {
  activation: [0, 3, 1, 2],
  conv_weight: [3, 2, 0, 1],
  linear_weight: [1, 0],
};

/**
 * Rearranges PyTorch's NCHW, OIHW or (out, in) data of the given PyTorch shape; the result has the shape in the
 * engine's order.
 */
export function toEngineLayout<T extends NumberArray>(layout: Layout, data: T, shape: readonly number[]): Permuted<T> {
  return permute(data, shape, toEngineAxes[layout]);
}

/**
 * The inverse of `toEngineLayout`: NHWC, HWIO or (in, out) data of the given engine shape becomes NCHW, OIHW or (out,
 * in).
 */
export function toTorchLayout<T extends NumberArray>(layout: Layout, data: T, shape: readonly number[]): Permuted<T> {
  return permute(data, shape, toTorchAxes[layout]);
}

/** The shape that PyTorch gives a tensor of the given engine shape. */
export const toTorchShape = (layout: Layout, shape: readonly number[]): number[] =>
  toTorchAxes[layout].map((axis) => shape[axis] as number);

/** A rearranged copy and its shape. */
export interface Permuted<T> {
  data: T;
  shape: number[];
}

/**
 * Copies a row-major array with its axes in another order, as `numpy.transpose(array, axes)` does: axis i of the result
 * is axis `axes[i]` of the input.
 * @throws when `axes` is no permutation of the axes of `shape`, or the array does not have as many elements as the
 * shape says.
 */
export function permute<T extends NumberArray>(
  data: T,
  shape: readonly number[],
  axes: readonly number[],
): Permuted<T> {
  const rank = shape.length;
  if (axes.length !== rank || shape.some((_, axis) => !axes.includes(axis))) {
    throw new Error(`permute: the axes [${axes}] are no order of the ${rank} axes of the shape [${shape}].`);
  }
  if (data.length !== elementCount(shape)) {
    throw new Error(
      `permute: the array has ${data.length} elements, and its shape [${shape}] needs ${elementCount(shape)}.`,
    );
  }
  const strides = shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
  const resultShape = axes.map((axis) => shape[axis]!);
  const result = new (data.constructor as new (length: number) => T)(data.length);
  if (rank === 0) result.set(data);
  else copyAxis(0, 0, 0);
  return { data: result, shape: resultShape };

  // Copies one axis of the result and all inside it, and returns where the next element of the result goes.
  function copyAxis(axis: number, from: number, to: number): number {
    const size = resultShape[axis]!;
    const stride = strides[axes[axis]!]!;
    let target = to;
    if (axis === rank - 1) {
      for (let i = 0; i < size; i++) result[target++] = data[from + i * stride]!;
    } else {
      for (let i = 0; i < size; i++) target = copyAxis(axis + 1, from + i * stride, target);
    }
    return target;
  }
}
