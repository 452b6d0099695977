import { type HostTensor, toFloat32 } from './host-tensor.ts';

/** The first tensor with a value that is no finite number, and that value; undefined where all are finite. */
export function firstNonFinite(
  tensors: Iterable<readonly [name: string, tensor: HostTensor]>,
): { readonly name: string; readonly value: number } | undefined {
  for (const [name, tensor] of tensors) {
    const value = nonFinite(toFloat32(tensor));
    if (value !== undefined) return { name, value };
  }
  return undefined;
}

/** The first value that is no finite number. */
export function nonFinite(values: Float32Array): number | undefined {
  // A loop, because `find` calls a function for each of tens of millions of weights.
  for (const value of values) if (!Number.isFinite(value)) return value;
  return undefined;
}
