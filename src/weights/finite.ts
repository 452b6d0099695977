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
  // 0 times a finite number is 0, all else makes NaN: a sum of tens of millions of weights without a call or a branch.
  let zero = 0;
  for (let i = 0; i < values.length; i++) zero += 0 * (values[i] as number);
  return zero === 0 ? undefined : values.find((value) => !Number.isFinite(value));
}
